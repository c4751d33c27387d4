/** Bars in columns, a row for each setting and a column for each figure, as a picture that can be committed (SVG). */

export interface BarRow {
  readonly name: string;
  /** What it is, its value, its unit; the same for all rows. */
  readonly figures: readonly (readonly [string, number, string])[];
}

const [rowHeight, nameWidth, columnWidth, barWidth, headHeight] = [20, 330, 150, 90, 30];

/** Each column's longest bar is its largest value. */
export function plotBars(rows: readonly BarRow[]): string {
  const columns = rows[0]?.figures ?? [];
  const most = columns.map((_, column) => Math.max(...rows.map(({ figures }) => figures[column]?.[1] ?? 0)));
  const [width, height] = [nameWidth + columns.length * columnWidth, headHeight + rows.length * rowHeight + 10];
  const heads = columns.map(([what, , unit], column) => {
    const text = unit === '' ? what : `${what}, ${unit}`;
    return `<text x="${nameWidth + column * columnWidth}" y="18" font-weight="bold">${text}</text>`;
  });
  const bars = rows.flatMap(({ name, figures }, row) => {
    const top = headHeight + row * rowHeight;
    const cells = figures.map(([, value], column) => {
      const x = nameWidth + column * columnWidth;
      const length = (value / (most[column] || 1)) * barWidth;
      const bar = `<rect x="${x}" y="${top + 4}" width="${length.toFixed(1)}" height="12" fill="#1f5fa8"/>`;
      return `${bar}<text x="${(x + length + 5).toFixed(1)}" y="${top + 14}">${formatFigure(value)}</text>`;
    });
    return [`<text x="8" y="${top + 14}">${name}</text>`, ...cells];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${[...heads, ...bars].join('\n')}
</svg>
`;
}

function formatFigure(value: number): string {
  return value < 1 ? value.toFixed(3) : value.toFixed(1);
}
