import './trusted-types.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/controls.css';
import './styles/people.css';
import './styles/shop.css';
import './styles/products.css';
import './styles/overlays.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { config } from './config.ts';
import { wayToOwnOrigin, withoutMark } from './own-origin.ts';
import { forgetEverybody } from './services/queries.ts';
import { session } from './session/session.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
const way = wayToOwnOrigin(location.href, config.origin);
if (way !== null) {
  location.replace(way);
} else {
  const clean = withoutMark(location.href, config.origin);
  if (clean !== location.href) history.replaceState(history.state, '', clean);
  session.subscribe(() => {
    if (session.state().status === 'signed_out') forgetEverybody();
  });
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
