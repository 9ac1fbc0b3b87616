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
import { forgetEverybody } from './services/queries.ts';
import { session } from './session/session.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
session.subscribe(() => {
  if (session.state().status === 'signed_out') forgetEverybody();
});
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
