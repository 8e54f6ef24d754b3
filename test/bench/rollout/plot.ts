// docs/rollout-benchmark.svg: mean failed requests of each algorithm, by scenario, on a logarithmic axis. A ring
// instead of a dot: rolled back in less than half of the runs. Grey names: more than 1 % false rollbacks.

import type { Figures } from "./cells.ts";
import { SOUND_PCT, worstFalse } from "./compare.ts";

const SHOWN: readonly (readonly [scenario: string, colour: string])[] = [
  ["bad-50", "#7b3294"],
  ["bad-5", "#c2572b"],
  ["bad-1.5", "#b58900"],
  ["bad-0.5", "#2a7f62"],
  ["latency", "#2166ac"],
  ["late", "#555555"],
];
const FEED = "60s";
const RPS = 100;
const LEFT = 220;
const TOP = 70;
const ROW = 22;
const PLOT_WIDTH = 620;
const DECADES = 5;
const RADIUS = 5;

const place = (failed: number): number => LEFT + (PLOT_WIDTH * Math.log10(Math.max(1, failed))) / DECADES;
const rounded = (value: number): string => value.toFixed(1);

function axis(bottom: number): string {
  return Array.from({ length: DECADES + 1 }, (_, decade) => {
    const x = rounded(place(10 ** decade));
    const label = (10 ** decade).toLocaleString("en-US");
    return `<line x1="${x}" y1="${TOP - 10}" x2="${x}" y2="${bottom}" stroke="#ddd"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${label}</text>`;
  }).join("\n");
}

function legend(): string {
  return SHOWN.map(([scenario, colour], index) => {
    const x = LEFT + index * 95;
    return `<circle cx="${x}" cy="42" r="${RADIUS}" fill="${colour}"/><text x="${x + 10}" y="46">${scenario}</text>`;
  }).join("\n");
}

function row(cells: readonly Figures[], algorithm: string, y: number): string {
  const isSound = worstFalse(cells, { algorithm, feed: FEED, rps: RPS }) <= SOUND_PCT;
  const weight = algorithm === "fairlead" ? ' font-weight="bold"' : "";
  const name = `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end"${weight} fill="${isSound ? "#111" : "#999"}">${algorithm}</text>`;
  const dots = SHOWN.flatMap(([scenario, colour]) => {
    const cell = cells.find((one) => one.algorithm === algorithm && one.scenario === scenario);
    if (cell?.meanFailed === undefined || cell.meanFailed === null) return [];
    const paint = cell.rolledBackPct >= 50 ? `fill="${colour}"` : `fill="none" stroke="${colour}"`;
    return [`<circle cx="${rounded(place(cell.meanFailed))}" cy="${y}" r="${RADIUS}" ${paint}/>`];
  });
  return [name, ...dots].join("\n");
}

export function plotOf(all: readonly Figures[]): string {
  const cells = all.filter(({ feed, rps }) => feed === FEED && rps === RPS);
  const algorithms = [...new Set(cells.map(({ algorithm }) => algorithm))];
  const bottom = TOP + algorithms.length * ROW;
  const width = LEFT + PLOT_WIDTH + 40;
  const rows = algorithms.map((algorithm, index) => row(cells, algorithm, TOP + index * ROW + 4));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + 50}" viewBox="0 0 ${width} ${bottom + 50}" font-family="sans-serif" font-size="12">
<title>Mean failed requests of the new version at 100 requests a second, by algorithm</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="15">Mean failed requests of the new version, ${FEED} feed, ${RPS} requests a second</text>
${legend()}
${axis(bottom)}
${rows.join("\n")}
<text x="${LEFT}" y="${bottom + 38}" fill="#555">Ring: rolled back in less than half of the runs. Grey name: more than ${SOUND_PCT} % false rollbacks on N1-N4.</text>
</svg>
`;
}
