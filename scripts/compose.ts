import { type Service, serviceKeys, services, shorthandSettings, verifierKeys } from '@latchkey/services';

const all = Object.values(services);
const portOf = ({ port, portVariable }: Pick<Service, 'port' | 'portVariable'>) =>
  `\${${portVariable}:-${port}}`;
const urlOf = ({ name, port }: Service) => `http://${name}:${port}`;
const fileOf = (setting: string) => `/run/secrets/${setting.toLowerCase().replaceAll('_', '-')}`;
const verifiers = verifierKeys.map((key) => services[key]);
const pages = [
  { name: 'storefront', port: 3000, portVariable: 'STOREFRONT_PORT' },
  { name: 'gift-ideas', port: 3001, portVariable: 'GIFT_IDEAS_PORT' },
  { name: 'example-id', port: 3002, portVariable: 'EXAMPLE_ID_PORT' },
];
const published = [...pages, ...all];

const parts: Readonly<Record<string, readonly string[]>> = {
  lists: [
    'x-jwks-uris: &jwks-uris >-',
    ...listed(verifiers.map((service) => `${service.name}=${urlOf(service)}/.well-known/jwks.json`)),
    'x-resource-urls: &resource-urls >-',
    ...listed(verifiers.map((service) => `${service.name}=http://localhost:${portOf(service)}`)),
    'x-routes: &routes >-',
    ...listed(published.map((service) => `${portOf(service)}=${service.name}:${service.port}`)),
    'x-ports: &ports',
    ...published.map((service) => `  - 127.0.0.1:${portOf(service)}:${portOf(service)}`),
    'x-secrets: &secrets',
    '  - secrets:/secrets/all',
    ...[...all.map(({ name }) => name), 'gift-ideas', 'example-id', 'postgres', 'redis'].map(
      (name) => `  - ${name}-secrets:/secrets/${name}`,
    ),
    'x-healthy: &healthy',
    ...all.map(({ name }) => `  ${name}: { condition: service_healthy }`),
    'x-urls: &urls',
    ...all.map((service) => `  ${service.urlVariable}: ${urlOf(service)}`),
    'x-published-urls: &published-urls',
    ...all.map((service) => `  ${service.urlVariable}: http://localhost:${portOf(service)}`),
  ],
  providers: shorthandSettings.map((name) => `  ${name}: \${${name}:-}`),
  services: verifiers.flatMap((service) => [
    `  ${service.name}:`,
    '    <<: *shop-service',
    `    build: { context: ., target: service, args: { SERVICE: ${service.name} } }`,
    '    environment:',
    '      <<: *service-settings',
    `      PORT: ${service.port}`,
    `      RESOURCE_URL: http://localhost:${portOf(service)}`,
    `      INTERNAL_URLS: ${urlOf(service)}`,
    ...service.called.map((key) => `      ${services[key].urlVariable}: ${urlOf(services[key])}`),
    ...service.secrets.map((setting) => `      ${setting}_FILE: ${fileOf(setting)}`),
    `    volumes: [${service.name}-secrets:/run/secrets:ro]`,
  ]),
  volumes: serviceKeys.map((key) => `  ${services[key].name}-secrets:`),
};

function listed(items: readonly string[]): string[] {
  return items.map((item, index) => `  ${item}${index < items.length - 1 ? ',' : ''}`);
}

/** Returns docker-compose.yml with the parts that are made from packages/services, each between its two comments. */
export function composeFile(text: string): string {
  return text.replaceAll(/^( *# npm run reference: (\w+)\n)(?:.*\n)*?( *# end)$/gm, (_, begin, name, end) =>
    [begin + (parts[name] ?? []).join('\n'), end].join('\n'),
  );
}
