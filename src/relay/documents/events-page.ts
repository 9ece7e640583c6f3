import { escapeHtml } from '../../rendering/markup.js';
import { createHash } from 'node:crypto';
import { USER_EVENTS, type UserEventType } from '../../events/catalogue.js';
import type { Fields, JsonSchema } from '../../events/event-fields.js';
import { dataSchemaUrl } from '../cloud-event.js';
import {
  dataSchema,
  type DocumentSettings,
  ENVELOPE,
  EVENT_TYPES,
  exampleOf,
  type ObjectSchema,
} from './event-schemas.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #14171f; --quiet: #5a6170; --line: #d9dce3; --panel: #f5f6f8; --mark: #8a4b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef3; --quiet: #a6adbb; --line: #353b47; --panel: #1d222b; --mark: #f0b46a; } body { background: #12151b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 20px 80px; max-width: 1000px; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
a { color: inherit; }
h1 { font-size: 28px; line-height: 1.2; }
h2 { margin: 48px 0 8px; font-size: 20px; overflow-wrap: anywhere; }
code, pre { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { padding: 14px 16px; overflow-x: auto; background: var(--panel); border-radius: 10px; }
summary { cursor: pointer; padding: 6px 0; }
.scroll { overflow-x: auto; }
table { width: 100%; min-width: 560px; border-collapse: collapse; }
th, td { padding: 8px 16px 8px 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; }
tbody th { font-weight: 600; }
.quiet { color: var(--quiet); }
.mark { color: var(--mark); }
nav ul { columns: 300px; padding: 0; list-style: none; }
nav li { overflow-wrap: anywhere; }
`;

/** No scripts, no external resources, and only the style of this page. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page for people that describes every event. */
export function eventsPage(settings: DocumentSettings): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roster events</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Roster events</h1>
<p>Events about users, for other systems: CloudEvents 1.0 in JSON, in Kafka, in RabbitMQ and as webhooks. Every event is delivered
at least once, with the same <code>id</code> each time; those of one user come in the order of <code>userversion</code>.</p>
<p>For machines: <a href="events.json">AsyncAPI 3.0</a>, and a JSON Schema of the data of each event.
The API is described at <a href="../docs">/docs</a>.</p>
${personalDataNote(settings)}
<nav aria-label="Events">
<ul>
${EVENT_TYPES.map((type) => `<li><a href="#${type}">${type}</a></li>`).join('\n')}
</ul>
</nav>
<h2 id="envelope">Every event</h2>
${table(ENVELOPE)}
${EVENT_TYPES.map((type) => section(type, settings)).join('\n')}
</main>
</body>
</html>
`;
}

function personalDataNote({ EVENT_PERSONAL_DATA }: DocumentSettings): string {
  return EVENT_PERSONAL_DATA === 'include'
    ? '<p>After <code>user.erased</code>, erase your copies of the person’s data. Fields marked <span class="mark">personal</span> are null in events that are sent again after that.</p>'
    : '<p>Personal values are left out of the messages (<code>EVENT_PERSONAL_DATA=omit</code>); <code>changed</code> names their fields.</p>';
}

function section(type: UserEventType, settings: DocumentSettings): string {
  const { summary, version, fields } = USER_EVENTS[type];
  // From the page, wherever that is mounted.
  const path = dataSchemaUrl('', { type, version }).replace('/docs/', '');
  const schema = dataSchema(type, settings);
  const data =
    Object.keys(schema.properties).length > 0 ? table(schema, fields) : '<p class="quiet">Its data is empty.</p>';
  return `<section aria-labelledby="${type}">
<h2 id="${type}">${type}</h2>
<p>${escapeHtml(summary)} <a class="quiet" href="${path}">Schema, version ${version}</a></p>
${data}
<details>
<summary>Example</summary>
<pre tabindex="0">${escapeHtml(JSON.stringify(exampleOf(type, settings), undefined, 2))}</pre>
</details>
</section>`;
}

/** @param fields as declared: personal fields are marked rather than described in each row */
function table({ properties, required }: ObjectSchema, fields: Fields = {}): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const declared = fields[name];
    const meaning = (declared?.schema ?? schema).description ?? '';
    const personal = declared?.personal ? ' <span class="mark">personal</span>' : '';
    const optional = `${personal}${required.includes(name) ? '' : ' <span class="quiet">not always</span>'}`;
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code>${optional}</th><td>${escapeHtml(kindOf(schema))}</td><td>${prose(meaning)}</td></tr>`;
  });
  return `<div class="scroll" tabindex="0" role="group" aria-label="Fields"><table>
<thead><tr><th scope="col">Field</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}

function kindOf({ type, format, enum: values, const: only }: JsonSchema): string {
  if (only !== undefined) return `"${only}"`;
  if (values && values.length < 8) return values.map((value) => (value === null ? 'null' : `"${value}"`)).join(', ');
  const names = [type ?? []].flat().map((name) => (name === 'string' && format ? format : name));
  return names.join(' or ');
}

/** Renders text between backticks as code. */
function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
