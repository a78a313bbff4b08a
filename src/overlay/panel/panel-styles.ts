/** The look of the panel. */

/** Style sheet over the shared one. */
export const panelStyles = `
.launcher, .panel {
  position: fixed;
  z-index: 2147483000;
  right: 12px;
  bottom: 12px;
  background: var(--paper);
  border: 1px solid var(--line);
  box-shadow: 0 6px 24px rgb(0 0 0 / 22%);
}
.launcher.left, .panel.left { right: auto; left: 12px; }
.launcher { border-radius: 999px; }
.panel {
  display: flex;
  flex-direction: column;
  width: min(460px, calc(100vw - 24px));
  max-height: min(640px, calc(100vh - 24px));
  border-radius: 10px;
  overflow: hidden;
}
.head {
  display: flex;
  gap: 6px;
  align-items: center;
  padding: 8px 8px 8px 14px;
  border-bottom: 1px solid var(--line);
}
h2, h3, h4 { margin: 0; font-size: 13px; font-weight: 650; }
h2 { flex: 1; font-size: 14px; }
h3 { font-size: 14px; margin-bottom: 6px; }
h4 { margin: 10px 0 2px; }
.body { overflow: auto; overscroll-behavior: contain; }
section section { padding: 12px 14px; }
section section + section { border-top: 1px solid var(--line); }
p { margin: 0 0 6px; }
p:empty { display: none; }
.silence:not(:empty) {
  margin-bottom: 12px;
  padding: 8px 10px;
  border-left: 3px solid var(--wait);
  background: var(--raised);
}
ul { margin: 0; padding-left: 16px; }
dl { margin: 0; }
dl > div { display: flex; gap: 8px; justify-content: space-between; padding: 1px 0; }
dt { color: var(--faded); flex: none; max-width: 55%; overflow-wrap: anywhere; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.buttons { display: flex; flex-wrap: wrap; gap: 6px; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; color: var(--faded); }
th, td { padding: 4px 8px 4px 0; vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; }
td:nth-child(2) { width: 38%; }
td span { color: var(--faded); }
.time { color: var(--faded); white-space: nowrap; font-variant-numeric: tabular-nums; }
.stored strong, .duplicate strong { color: var(--good); }
.refused strong, .dropped strong { color: var(--bad); }
.waiting strong, .sent strong, .retrying strong, .in-the-outbox strong, .unclear strong { color: var(--wait); }
tr.sampled-out, .sampled-out strong { color: var(--faded); font-weight: 400; }
summary { cursor: pointer; }
pre {
  margin: 4px 0;
  padding: 6px 8px;
  font: 11px/1.45 ui-monospace, monospace;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  background: var(--raised);
  border-radius: 6px;
}
ol { list-style: none; margin: 0; padding: 0; }
li { overflow-wrap: anywhere; }
ol > li { display: flex; gap: 8px; padding: 1px 0; }
ol details { flex: 1; min-width: 0; }
form { margin-top: 12px; }
.entry { display: flex; gap: 6px; align-items: center; margin-bottom: 6px; }
#token-hint { color: var(--faded); }
label { flex: none; }
input, textarea {
  font: inherit;
  color: inherit;
  background: var(--paper);
  border: 1px solid var(--faded);
  border-radius: 6px;
  padding: 3px 8px;
  min-width: 0;
  width: 100%;
}
textarea { font: 11px/1.45 ui-monospace, monospace; }
`;
