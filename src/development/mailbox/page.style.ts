/** One column on a phone, two panes from 800 px; light and dark as the system has it. */
export const STYLE = `
:root { color-scheme: light dark;
  --ground: #f4f5f8; --paper: #fff; --line: #dfe3ea; --text: #161a23; --soft: #586074; --hover: #f0f3f9;
  --accent: #1d55e8; --chosen: #e9effe; --button: #fff; --field: #858c9c; --danger: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0e1116; --paper: #151920; --line: #2b313d; --text: #e9ecf2; --soft: #a0a9ba; --hover: #1c212b;
  --accent: #8eb0ff; --chosen: #1d2a49; --button: #1c212b; --field: #6c7586; --danger: #ffb4ab; } }
* { box-sizing: border-box; margin: 0; }
html { font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
  -webkit-text-size-adjust: 100%; }
body { min-height: 100vh; min-height: 100dvh; display: grid; grid-template: auto 1fr / minmax(0, 1fr); background: var(--ground);
  color: var(--text); }
h1, h2 { font-size: 1.0625rem; line-height: 1.3; }
ol, ul { list-style: none; padding: 0; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
main { display: contents; }
#mail:focus { outline: none; }
.hint { color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 8px; top: -60px; z-index: 1; padding: 8px 16px; background: var(--paper); border-radius: 6px; }
.skip:focus { top: 8px; }

.top { display: flex; align-items: center; gap: 16px; padding: 10px 16px; background: var(--paper);
  border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: 10px; color: inherit; text-decoration: none; }
.brand img { display: block; }
.brand h1 { white-space: nowrap; }
.brand span { color: var(--soft); font-weight: 400; }
#count { margin-left: auto; color: var(--soft); font-size: .875rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
button { font: inherit; font-size: .875rem; line-height: 20px; padding: 6px 12px; border: 1px solid var(--line); border-radius: 8px;
  background: var(--button); color: var(--text); cursor: pointer; white-space: nowrap; }
button:hover { color: var(--danger); border-color: currentColor; }
.bare .top form { display: none; }

.list { background: var(--paper); min-width: 0; }
.search { padding: 10px 16px; border-bottom: 1px solid var(--line); }
.search input { width: 100%; font: inherit; font-size: 1rem; line-height: 24px; padding: 6px 12px; border: 1px solid var(--field);
  border-radius: 8px; background: var(--button); color: var(--text); }
.none { padding: 16px; }
.list li { border-bottom: 1px solid var(--line); }
.row { display: block; padding: 12px 16px; color: inherit; text-decoration: none; }
.row:hover { background: var(--hover); }
.row:focus-visible { outline-offset: -3px; border-radius: 8px; }
.row > span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row > .line { display: flex; gap: 12px; font-size: .8125rem; color: var(--soft); }
.from { flex: 1; overflow: hidden; text-overflow: ellipsis; }
.subject { font-size: .9375rem; font-weight: 600; }
.to { font-size: .875rem; }

article { display: flex; flex-direction: column; background: var(--paper); min-height: 100%; }
article > header { padding: 16px 16px 0; border-bottom: 1px solid var(--line); }
article h2 { font-size: 1.375rem; overflow-wrap: anywhere; letter-spacing: -.01em; }
.back { display: inline-block; padding: 4px 0 12px; text-decoration: none; font-weight: 500; }
dl { margin: 12px 0 8px; font-size: .9375rem; }
dl div { display: flex; gap: 12px; }
dt { flex: 0 0 4.75rem; color: var(--soft); }
dd { min-width: 0; overflow-wrap: anywhere; }
.views ul { display: flex; gap: 4px; }
.views a { display: block; padding: 9px 12px 7px; color: var(--soft); text-decoration: none; font-weight: 500; font-size: .9375rem;
  border-bottom: 2px solid transparent; }
.views li:first-child a { margin-left: -12px; }
.views a:hover { color: var(--text); }
.views a:focus-visible { outline-offset: -2px; }
.views a[aria-current] { color: var(--accent); border-color: currentColor; }
.raw { margin-left: auto; }
.raw a { padding-right: 0; }
.body { flex: 1; width: 100%; min-height: 70vh; border: 0; }
iframe.body { display: block; background: #fff; color-scheme: light; }
pre { font: .875rem/1.6 ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }
pre.body { padding: 16px; min-height: 0; }
pre.body:focus-visible { outline-offset: -3px; }
pre.text { font-size: .9375rem; }
pre.source { font-size: .8125rem; }
.note { padding: 24px 16px; color: var(--soft); }

.empty { max-width: 34rem; margin: 0 auto; padding: 12vh 16px 32px; text-align: center; }
.empty h2 { font-size: 1.375rem; margin: 16px 0 8px; }
.empty pre { white-space: pre; overflow-x: auto; margin: 20px 0; padding: 16px; text-align: left; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; }

@media (max-width: 429px) { body:not(.bare) #count { display: none; } .top form { margin-left: auto; } }
@media (max-width: 799px) {
  dl { font-size: .875rem; }
  .empty pre { font-size: .75rem; }
  .home:not(.bare) #mail, .opened .list, .bare .list { display: none; }
}
@media (min-width: 800px) {
  body { height: 100vh; height: 100dvh; grid-template-columns: minmax(280px, 24rem) minmax(0, 1fr); }
  .top { grid-column: 1 / -1; }
  .list, #mail { overflow: auto; min-height: 0; }
  .list { border-right: 1px solid var(--line); }
  .bare { grid-template-columns: minmax(0, 1fr); }
  .bare .list, .back, .none { display: none; }
  .row { padding: 12px 20px 12px 17px; border-left: 3px solid transparent; }
  .row[aria-current] { background: var(--chosen); border-left-color: var(--accent); }
  .top, article > header, pre.body, .note { padding-left: 20px; padding-right: 20px; }
  article > header { padding-top: 24px; }
  .body { min-height: 16rem; }
}
`;
