/** The style of the page at `/docs`: light or dark as the reader's system says; contrast at least 4.5 to 1 in both. */
export const guideStyle = `
:root {
  --page: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #566273; --line: #d9dee6; --accent: #0b5cab; --on-accent: #ffffff;
  --code: #eef1f5; --good: #17663a; --warn: #8a4b00; --bad: #a3192b; --get: #0b5cab; --put: #17663a; --patch: #8a4b00; --delete: #a3192b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151c; --card: #182029; --ink: #e6ebf2; --soft: #9dabbd; --line: #2b3644; --accent: #6cb2f7; --on-accent: #08131f;
    --code: #111820; --good: #6fd29a; --warn: #f0b35e; --bad: #ff8a96; --get: #6cb2f7; --put: #6fd29a; --patch: #f0b35e; --delete: #ff8a96;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.35rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0; }
code, pre, textarea, input, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .9em; }
a { color: var(--accent); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; z-index: 3; background: var(--card); padding: .5rem 1rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.top { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 1px solid var(--line); }
.bar, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
.bar { display: flex; align-items: center; gap: .5rem 1.25rem; flex-wrap: wrap; min-height: 3.25rem; }
.bar p { margin: 0; }
.brand { font-weight: 700; letter-spacing: .04em; }
.brand span { color: var(--accent); }
.state { font-size: .85rem; color: var(--soft); }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; background: currentColor; margin-right: .45em; }
.state.good { color: var(--good); } .state.bad { color: var(--bad); }
nav { margin-left: auto; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; font-size: .92rem; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
main > section { margin: 2rem 0 2.75rem; }
.intro p { color: var(--soft); max-width: 46rem; margin: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; }
.columns { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 1.25rem; align-items: start; }
@media (max-width: 52rem) { .columns { grid-template-columns: minmax(0, 1fr); } nav { margin-left: 0; } }
.field { display: block; margin: .8rem 0 0; font-size: .88rem; font-weight: 600; }
.field small { font-weight: 400; color: var(--soft); margin-left: .3em; }
input:not([type=radio]), textarea { display: block; width: 100%; margin-top: .25rem; padding: .5rem .65rem; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 6px; }
textarea { resize: vertical; }
::placeholder { color: var(--soft); opacity: 1; }
fieldset { border: 0; padding: 0; margin: 0; }
legend { padding: 0; font-weight: 700; margin-bottom: .45rem; }
.methods { display: flex; flex-wrap: wrap; gap: .4rem; }
.methods legend { width: 100%; }
.methods label { position: relative; }
.methods input { position: absolute; opacity: 0; inset: 0; margin: 0; width: 100%; height: 100%; cursor: pointer; }
.methods span { display: block; padding: .3rem .75rem; border: 1px solid var(--soft); border-radius: 6px; font-weight: 700; font-size: .85rem; }
.methods input:checked + span { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.methods input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
.hint { color: var(--soft); font-size: .88rem; margin: .5rem 0 0; }
details { margin-top: 1rem; }
summary { cursor: pointer; font-weight: 600; font-size: .92rem; }
.actions { display: flex; gap: .6rem; margin: 1.1rem 0 0; }
button { font: inherit; font-size: .9rem; padding: .42rem .95rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--card); color: inherit; cursor: pointer; }
button:hover { border-color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button:disabled { opacity: .6; cursor: progress; }
button.small { font-size: .8rem; padding: .15rem .55rem; }
.row { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin: 0 0 .4rem; }
.row:not(:first-child) { margin-top: 1.1rem; }
pre { margin: 0; padding: .75rem .9rem; background: var(--code); border-radius: 6px; overflow: auto; max-height: 24rem; white-space: pre-wrap; overflow-wrap: anywhere; }
#took { color: var(--soft); font-size: .85rem; }
.status { display: inline-block; font-weight: 700; margin: 0 0 .5rem; }
.status.good { color: var(--good); } .status.warn { color: var(--warn); } .status.bad { color: var(--bad); }
.fields { width: 100%; border-collapse: collapse; font-size: .85rem; margin-bottom: .75rem; }
.fields th { text-align: left; font-weight: 600; padding: .15rem .75rem .15rem 0; white-space: nowrap; vertical-align: top; color: var(--soft); }
.fields td { padding: .15rem 0; overflow-wrap: anywhere; }
.preview { max-width: 100%; max-height: 22rem; border-radius: 6px; border: 1px solid var(--line); }
.inline { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; margin-bottom: 1rem; }
.inline .field { margin: 0; flex: 1 1 14rem; } .inline .narrow { flex: 0 0 7rem; }
.inline .hint { flex-basis: 100%; margin: 0; }
.inline .hint:empty { display: none; }
.table { overflow-x: auto; position: relative; }
.table table { width: 100%; border-collapse: collapse; font-size: .9rem; }
.table th { text-align: left; color: var(--soft); font-weight: 600; padding: 0 .75rem .4rem 0; }
.table td { border-top: 1px solid var(--line); padding: .4rem .75rem .4rem 0; vertical-align: top; }
.table td:first-child { overflow-wrap: anywhere; min-width: 12rem; }
.table .number { text-align: right; font-variant-numeric: tabular-nums; }
.table td.buttons { white-space: nowrap; text-align: right; padding-right: 0; }
.table td.buttons button + button { margin-left: .35rem; }
.link { border: 0; background: none; padding: 0; color: var(--accent); text-decoration: underline; font-size: inherit; text-align: left; overflow-wrap: anywhere; }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.operation { padding: 0; margin: 0 0 .6rem; }
.operation summary { padding: .7rem 1.1rem; display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; font-weight: 400; }
.operation summary b { min-width: 4.6rem; font-size: .85rem; }
.operation summary em { font-style: normal; color: var(--soft); margin-left: auto; }
.operation .inside { padding: 0 1.1rem 1rem; border-top: 1px solid var(--line); }
.operation h4 { margin: 1rem 0 .3rem; font-size: .88rem; }
.operation dl, #refusals { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1rem; margin: 0; font-size: .9rem; }
.operation dd, #refusals dd { margin: 0; }
dt { font-weight: 600; }
dt small { font-weight: 400; color: var(--soft); }
code { overflow-wrap: anywhere; }
.m-get, .m-head { color: var(--get); } .m-put { color: var(--put); } .m-patch { color: var(--patch); } .m-delete { color: var(--delete); } .m-options { color: var(--soft); }
#reference h3 { margin: 1.6rem 0 .6rem; }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 2rem; }
@media (max-width: 34rem) { .operation dl, #refusals { grid-template-columns: minmax(0, 1fr); } .operation summary em { margin-left: 0; } }
`;
