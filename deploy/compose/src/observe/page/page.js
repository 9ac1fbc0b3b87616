// One page, asked anew every two seconds. Everything that services say is put in as text, never as HTML.
const everyMs = 2000;
const byId = (id) => document.getElementById(id);
const filters = ['trace-service', 'trace-text', 'trace-failed', 'log-service', 'log-severity', 'log-text'];
let timer;
let looks = 0;

function element(tag, { text, className, title } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (title) made.title = title;
  made.append(...children);
  return made;
}

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

const clock = (ms) =>
  `${new Date(ms).toLocaleTimeString([], { hour12: false })}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`;
const duration = (ms) =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;

function traceItem(trace) {
  const button = element('button', { title: trace.id });
  button.append(
    element('span', { text: clock(trace.start_ms), className: 'quiet' }),
    element('span', {
      text: `${trace.name} · ${trace.services.join(' → ')}`,
      className: trace.failed ? 'bad' : '',
    }),
    element('span', { text: trace.status ?? '', className: trace.status >= 400 ? 'warn' : 'quiet' }),
    element('span', { text: duration(trace.duration_ms), className: 'number' }),
  );
  button.addEventListener('click', () => showTrace(trace));
  return element('li', {}, button);
}

function logItem(line) {
  const level = line.severity >= 17 ? 'bad' : line.severity >= 13 ? 'warn' : 'quiet';
  const rest = Object.entries(line.attributes)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  const item = element('li');
  item.append(
    element('span', { text: `${clock(line.time_ms)} `, className: 'quiet' }),
    element('span', { text: `${line.level} `, className: level }),
    element('span', { text: `${line.service} ` }),
    element('strong', { text: `${line.message} ` }),
    element('span', { text: rest, className: 'quiet' }),
  );
  return item;
}

/** How deep a span lies below its trace's first one. */
function depthOf(span, spans) {
  let depth = 0;
  for (let at = span; at?.parent && depth < 20; depth++) {
    const parent = spans.find(({ id }) => id === at.parent);
    if (!parent) break;
    at = parent;
  }
  return depth;
}

function spanItem(span, spans, { start, whole }) {
  const label = `${'\u00a0\u00a0'.repeat(depthOf(span, spans))}${span.service} · ${span.name}`;
  const bar = drawn('rect', {
    x: `${((span.start_ms - start) / whole) * 100}%`,
    width: `${Math.max(0.4, (span.duration_ms / whole) * 100)}%`,
    height: 12,
    rx: 2,
  });
  const said = Object.entries(span.attributes)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n');
  return element(
    'li',
    { className: span.failed ? 'failed' : '', title: said },
    element('span', { text: label }),
    drawn('svg', { 'aria-hidden': 'true' }, bar),
    element('span', { text: duration(span.duration_ms), className: 'number' }),
  );
}

async function showTrace(trace) {
  const { spans, logs } = await (await fetch(`/api/traces/${trace.id}`)).json();
  const start = Math.min(...spans.map(({ start_ms }) => start_ms));
  const whole = Math.max(0.001, ...spans.map((span) => span.start_ms + span.duration_ms - start));
  const leftOut = trace.left_out ? ` · ${trace.left_out} more spans not kept` : '';
  byId('trace-title').textContent = `${trace.name} · ${duration(whole)} · ${trace.id}${leftOut}`;
  byId('spans').replaceChildren(...spans.map((span) => spanItem(span, spans, { start, whole })));
  byId('trace-logs').replaceChildren(
    ...(logs.length ? logs.map(logItem) : [element('li', { text: 'none', className: 'quiet' })]),
  );
  byId('trace').showModal();
}

/**
 * Shows items in a list without touching those that it shows already, so that who reads or tabs through it keeps the
 * place. What an item says is its key. Nothing moves while somebody is in the list by keyboard.
 */
function keep(list, items, make) {
  if (list.querySelector(':focus-visible')) return;
  const shown = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const keys = items.map((item) => JSON.stringify(item));
  for (const [key, child] of shown) if (!keys.includes(key)) child.remove();
  for (const [index, item] of items.entries()) {
    const at = list.children[index];
    if (at?.dataset.key === keys[index]) continue;
    const child = shown.get(keys[index]) ?? make(item);
    child.dataset.key = keys[index];
    list.insertBefore(child, at ?? null);
  }
  if (items.length === 0) list.replaceChildren(element('li', { text: 'none', className: 'quiet' }));
}

function offer(select, services) {
  const known = new Set([...select.options].map(({ value }) => value));
  for (const service of services)
    if (!known.has(service)) select.append(element('option', { text: service }));
}

function draw({ services, traces, logs }) {
  offer(byId('trace-service'), services);
  offer(byId('log-service'), services);
  keep(byId('traces'), traces, traceItem);
  // One stop for Tab; from there the arrow keys lead on.
  for (const [index, button] of buttonsOf(byId('traces')).entries()) button.tabIndex = index === 0 ? 0 : -1;
  keep(byId('logs'), logs, logItem);
}

const buttonsOf = (list) => [...list.querySelectorAll('button')];

function stateOf({ length }) {
  if (length === 0)
    return 'No service reports: start the system by COMPOSE_PROFILES=observe docker compose up --wait';
  return length === 1 ? '1 service reports' : `${length} services report`;
}

function query() {
  const values = filters.map((id) => [
    id.replace('-', '_'),
    byId(id).type === 'checkbox' ? String(byId(id).checked) : byId(id).value,
  ]);
  return new URLSearchParams(values);
}

async function look() {
  clearTimeout(timer);
  // An answer to what was asked for before may come after one to what is asked for now.
  const mine = ++looks;
  try {
    const overview = await (await fetch(`/api/overview?${query()}`)).json();
    if (mine !== looks) return;
    byId('state').textContent = stateOf(overview.services);
    draw(overview);
  } catch {
    if (mine !== looks) return;
    byId('state').textContent = 'This page’s server does not answer.';
  }
  if (byId('hold').getAttribute('aria-pressed') === 'false') timer = setTimeout(look, everyMs);
}

byId('hold').addEventListener('click', () => {
  const held = byId('hold').getAttribute('aria-pressed') === 'false';
  byId('hold').setAttribute('aria-pressed', String(held));
  if (held) clearTimeout(timer);
  else look();
});
byId('traces').addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const buttons = buttonsOf(byId('traces'));
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
});
for (const id of filters) byId(id).addEventListener('input', look);
look();
