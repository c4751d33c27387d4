/**
 * docs/settings.md, written from the schemas: what the page says is what is read. A test keeps the file up to date; it
 * is never edited by hand.
 */
import { documentSettings, type SettingRow } from '@sion/components';
import { emulatorSettings, localEmulatorSettings } from '@sion/emulator';
import { nodeSettingsSchema } from '@sion/node';
import { proxySettingsSchema } from '@sion/proxy';

const opening = `# Settings

Every setting is an environment variable, or the same key in the JSON file that \`SION_CONFIG\` names:

    SION_RESP_PORT=7000 npm start
    echo '{ "SION_RESP_PORT": 7000, "SION_NODES": 36 }' > my.json && SION_CONFIG=my.json npm start

The environment wins over the file, the file over the default. A name that is not listed here is refused at start with
the nearest one that is; so is a value that cannot be, or that cannot be together with another. All of it is told at
once, and the exit code is 2. \`npm start\` and the other \`sion\` commands read all of these; each process gets its own.

This page is written from the schemas (\`npm run docs\`); do not edit it.
`;

/** The page's text. */
export function writeSettingsPage(): string {
  const proxy = documentSettings(proxySettingsSchema);
  const node = documentSettings(nodeSettingsSchema);
  const emulator = withLocalDefaults(documentSettings(emulatorSettings), documentSettings(localEmulatorSettings));
  const listed = new Set(proxy.map(({ name }) => name));
  const alsoIn = (rows: readonly SettingRow[]) =>
    rows.filter(({ name }) => listed.has(name)).map(({ name }) => `\`${name}\``);
  const own = (rows: readonly SettingRow[]) => rows.filter(({ name }) => !listed.has(name));
  return [
    opening,
    section('The proxy', 'Read by `services/proxy`.', proxy),
    section('The functions', `Read by \`services/node\`, beside ${alsoIn(node).join(' and ')}.`, own(node)),
    section(
      'The emulator of Lambda',
      `Read by \`packages/emulator\`, beside ${alsoIn(emulator).join(' and ')}. Figures are AWS’s; where \`npm start\` differs, ` +
        'its own default stands in brackets.',
      own(emulator),
    ),
  ].join('\n');
}

function section(title: string, words: string, rows: readonly SettingRow[]): string {
  const lines = rows.map(({ name, type, default: fallback, description }) =>
    [code(name), escape(type), fallback === undefined ? '' : code(fallback), escape(description)].join(' | '),
  );
  const table = ['setting | value | default | what', '--- | --- | --- | ---', ...lines].map((line) => `| ${line} |`);
  return [`## ${title}\n\n${words}\n`, ...table, ''].join('\n');
}

function withLocalDefaults(rows: readonly SettingRow[], local: readonly SettingRow[]): readonly SettingRow[] {
  return rows.map((row) => {
    const fallback = local.find(({ name }) => name === row.name)?.default;
    return fallback === row.default ? row : { ...row, default: `${row.default ?? ''} (${fallback ?? ''})` };
  });
}

/** A bar would end the cell, and an angle bracket begin a tag. */
function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Within backticks only the bar means anything. */
function code(text: string): string {
  return text === '' ? 'empty' : `\`${text.replaceAll('|', '\\|')}\``;
}
