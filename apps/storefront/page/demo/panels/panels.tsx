import type { ComponentType } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components/Tabs';
import { useTranslation } from 'react-i18next';
import { useKeptPlace } from '../../kept-place.ts';
import { dismissFaults } from '../../ui/toasts.tsx';
import { DevicesPanel } from './devices.tsx';
import { FailuresPanel } from './failures.tsx';
import { KeysPanel } from './keys.tsx';
import { PermissionsPanel } from './permissions.tsx';
import { SharingPanel } from './sharing.tsx';
import { ThiefPanel } from './thief.tsx';

const panels = [
  ['permissions', PermissionsPanel],
  ['devices', DevicesPanel],
  ['thief', ThiefPanel],
  ['sharing', SharingPanel],
  ['keys', KeysPanel],
  ['failures', FailuresPanel],
] as const satisfies readonly (readonly [string, ComponentType])[];

const names = panels.map(([name]) => name) as [PanelName, ...PanelName[]];
type PanelName = (typeof panels)[number][0];

export const panelsId = 'panels';

/** The panels as tabs. */
export function Panels() {
  const { t } = useTranslation('demo');
  const [panel, setPanel] = useKeptPlace('panel', names);
  return (
    <section id={panelsId} className="demo-card demo-panels" aria-labelledby="panels-title">
      <h2 id="panels-title">{t('common.title')}</h2>
      <p className="demo-about">{t('common.intro')}</p>
      <Tabs
        selectedKey={panel}
        onSelectionChange={(key) => {
          dismissFaults();
          const chosen = names.find((name) => name === key);
          if (chosen !== undefined) setPanel(chosen);
        }}
      >
        <TabList className="demo-tabs" aria-label={t('common.title')}>
          {panels.map(([name]) => (
            <Tab key={name} id={name} className="demo-tab">
              {t(`${name}.tab`)}
            </Tab>
          ))}
        </TabList>
        {panels.map(([name, Panel]) => (
          <TabPanel key={name} id={name} className="demo-panel">
            <Panel />
          </TabPanel>
        ))}
      </Tabs>
    </section>
  );
}
