// Draws the report of compare from its JSON.
'use strict';

// All but the first have gaps, in which a line below shows.
const DASHES = [[], [16, 4], [6, 6], [12, 3], [10, 4, 2, 4], [3, 3], [14, 6], [2, 5]];
const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9'];
const runs = data.runs.map((run, i) => ({
  ...run, name: data.names[i], color: COLORS[i % COLORS.length], dash: DASHES[i % DASHES.length],
}));
const stat = data.stat;

// ---- Numbers ----------------------------------------------------------------

// The unit for numbers of which this is the largest.
function unitOf(most, units) {
  return units.reduce((best, unit) => (most >= unit[0] ? unit : best));
}

const BYTES = [[1, 'B'], [1024, 'KiB'], [MIB, 'MiB'], [1024 * MIB, 'GiB']];
const TIMES = [[1, 'ms'], [2e3, 'seconds', 1e3], [6e5, 'minutes', 6e4], [1.08e7, 'hours', 3.6e6]];

function bytes(value) {
  const [unit, name] = unitOf(value, BYTES);
  return (value / unit).toFixed(value < 1024 ? 0 : 1) + ' ' + name;
}

function ns(value) {
  return value < 1e4 ? value.toFixed(0) + ' ns' : value < 1e7 ? (value / 1e3).toFixed(0) + ' \u00b5s' : (value / 1e6).toFixed(0) + ' ms';
}

// 10 to the power of this, in ns.
function tick(power) {
  return 10 ** (power % 3) + ' ' + ['ns', '\u00b5s', 'ms', 's'][Math.min(3, Math.floor(power / 3))];
}

function percent(part, all) {
  const value = all > 0 ? 100 * part / all : 0;
  return (value > 0 && value < 0.1 ? '< 0.1' : value.toFixed(value < 10 ? 1 : 0)) + ' %';
}

function count(number, thing) {
  return `${number.toLocaleString('en')} ${thing}${number === 1 ? '' : 's'}`;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

// Variants differ at their ends.
function short(name) {
  return name.length > 22 ? name.slice(0, 9) + '\u2026' + name.slice(-12) : name;
}

// ---- RSS over time ------------------------------------------------------------

// A trace may have no times; then the axis is its events.
const byTime = stat.duration_s >= 0.01;

function lineOf(run, mib) {
  return [run.timeline.map((sample) => sample[byTime ? 3 : 0]),
          run.timeline.map((sample) => (sample[2] === null ? null : sample[2] / mib))];
}

// A line may have several values of one time: the last counts.
function withoutDoubles([times, values]) {
  const last = times.map((time, i) => time !== times[i + 1]);
  return [times.filter((_, i) => last[i]), values.filter((_, i) => last[i])];
}

// How far the line of the process may be behind.
function pause(samples) {
  const longest = Math.max(0, ...samples.slice(1).map((sample, i) => sample[0] - samples[i][0]));
  return longest > 0 ? ` It was looked at from time to time, so its line may be up to ${longest.toFixed(0)} ms late.` : '';
}

function drawChart() {
  const place = document.getElementById('chart');
  const most = Math.max(...runs.flatMap((run) => run.timeline.map((sample) => sample[2] || 0)));
  const [unit, unitName] = unitOf(most, BYTES);
  const end = Math.max(...runs.flatMap((run) => run.timeline.map((sample) => sample[byTime ? 3 : 0])));
  const time = byTime ? unitOf(end, TIMES) : [1, 'events'];
  const scale = time[2] || 1;
  const tables = runs.map((run) => withoutDoubles(lineOf(run, unit)));
  const series = runs.map((run) => ({
    label: run.name, stroke: run.color, dash: run.dash, width: 2, spanGaps: true,
    points: {show: false}, paths: uPlot.paths.stepped({align: 1}),
    value: (_, value) => (value === null || value === undefined ? '' : value.toFixed(1) + ' ' + unitName),
  }));
  if (byTime) {
    tables.push(withoutDoubles([[0, ...stat.live.map((moment) => moment[0] / 1e6)], [0, ...stat.live.map((moment) => moment[1] / unit)]]));
    series.push({...series[0], label: 'requested by the program', stroke: '#555', dash: [1, 3], width: 2});
  }
  if (byTime && stat.process) {
    const samples = stat.process.samples;
    tables.push(withoutDoubles([samples.map((sample) => sample[0]), samples.map((sample) => sample[1] / unit)]));
    series.push({...series[0], label: `${runs[0].program} itself`, stroke: '#000', dash: [], width: 1.5});
    document.getElementById('own').textContent = `The black line is the recorded ${runs[0].program} itself, over the allocator that it had: `
      + 'all of its RssAnon, also what it got by other ways than malloc, such as stacks and the data of libraries.'
      + pause(samples);
  }
  const joined = uPlot.join(tables, tables.map((table) => table.slice(1).map(() => 1)));
  joined[0] = joined[0].map((at) => at / scale);
  // At each time the value that holds, so that the legend can show it.
  for (const values of joined.slice(1)) {
    const last = values.findLastIndex((value) => value !== null && value !== undefined);
    values.forEach((value, i) => {
      if ((value === null || value === undefined) && i < last) values[i] = i ? values[i - 1] : null;
    });
  }
  document.getElementById('memory').textContent = `RSS over the ${byTime ? 'time' : 'events'} of the recording, ${unitName}`;
  new uPlot({
    width: Math.max(300, place.clientWidth), height: 400,
    series: [{label: time[1], value: (_, value) => (value === null || value === undefined ? '' : value.toFixed(2))}, ...series],
    legend: {markers: {width: 3, dash: (_, i) => (i && (series[i - 1].dash || []).length ? 'dashed' : 'solid')}},
    scales: {x: {time: false}, y: {range: (_, least, highest) => [0, (highest || 1) * 1.05]}},
    axes: [{label: byTime ? time[1] + ' since the recording began' : 'events'}, {label: 'RSS, ' + unitName, size: 70}],
    cursor: {focus: {prox: 20}}, focus: {alpha: 0.3},
    // A test looks for it: the canvas is not empty.
    hooks: {draw: [(drawn) => { place.dataset.drawn = String(isDrawn(drawn.ctx)); }]},
  }, joined, place);
}

// ---- Single calls ---------------------------------------------------------------

function drawCalls() {
  const place = document.getElementById('calls');
  const kinds = ['malloc', 'calloc', 'aligned', 'realloc', 'free'];
  const value = (run, kind, name) => run[`ns_${kind}_${name}`] ?? null;
  for (const kind of kinds) {
    const known = runs.filter((run) => value(run, kind, 'p50') !== null);
    if (!known.length) continue;
    const all = known.flatMap((run) => PERCENTILES.map((name) => value(run, kind, name))).filter((one) => one !== null);
    const low = Math.floor(Math.log10(Math.max(1, Math.min(...all)))), high = Math.ceil(Math.log10(Math.max(10, ...all)));
    const left = 185, right = 175, width = 640, row = 24, bottom = known.length * row;
    const x = (one) => left + (Math.log10(Math.max(one, 10 ** low)) - low) / (high - low) * (width - left - right);
    const card = element(place, 'div');
    element(card, 'h3', `${kind}: ${count(runs[0]['calls_' + kind], 'call')}`);
    const picture = svg(card, 'svg', {viewBox: `0 0 ${width} ${bottom + 22}`, width: '100%', 'font-size': 12});
    for (let power = low; power <= high; power++) {
      const at = x(10 ** power);
      svg(picture, 'path', {d: `M${at} 0V${bottom}`, stroke: '#ddd'});
      svg(picture, 'text', {x: at, y: bottom + 15, 'text-anchor': 'middle', fill: '#555'}, tick(power));
    }
    known.forEach((run, i) => {
      const middle = i * row + row / 2;
      const values = PERCENTILES.map((name) => value(run, kind, name));
      const told = values.map((one, p) => `${PERCENTILES[p]} ${one === null ? 'unknown' : ns(one)}`).join(', ');
      const group = svg(picture, 'g', {});
      svg(group, 'title', {}, `${run.name}: ${told}`);
      svg(group, 'text', {x: left - 8, y: middle + 4, 'text-anchor': 'end'}, short(run.name));
      const dots = values.filter((one) => one !== null);
      svg(group, 'path', {d: `M${x(dots[0])} ${middle}H${x(dots[dots.length - 1])}`, stroke: run.color, 'stroke-width': 2});
      dots.forEach((one, p) => svg(group, 'circle', {cx: x(one), cy: middle, r: 3 + p * 0.7, fill: run.color}));
      svg(group, 'text', {x: width - right + 12, y: middle + 4, fill: '#555'}, dots.map((one) => one.toFixed(0)).join(', ') + ' ns');
    });
  }
}

// ---- Sizes and lifetimes ----------------------------------------------------------

function drawHeat(title, of, all) {
  const columns = stat.lifetimes.map((_, i) => i).filter((i) => stat.sizes.some((size) => size.by_lifetime[i][0] > 0));
  const left = 80, width = 600, row = 20, top = 20, bottom = top + stat.sizes.length * row;
  const cell = (width - left) / columns.length;
  const most = Math.max(1, ...stat.sizes.flatMap((size) => size.by_lifetime.map(of)));
  const card = element(document.getElementById('heat'), 'div');
  element(card, 'h3', title);
  const picture = svg(card, 'svg', {viewBox: `0 0 ${width} ${bottom + 50}`, width: '100%', 'font-size': 11});
  svg(picture, 'text', {x: left - 6, y: 12, 'text-anchor': 'end', fill: '#555'}, 'size');
  [...stat.sizes].reverse().forEach((size, i) => {
    svg(picture, 'text', {x: left - 6, y: top + i * row + 14, 'text-anchor': 'end'}, size.name);
    columns.forEach((column, c) => {
      const one = size.by_lifetime[column], part = Math.sqrt(of(one) / most);
      const group = svg(picture, 'g', {});
      svg(group, 'title', {}, `size ${size.name}, ${stat.lifetimes[column]}: ${one[0].toLocaleString('en')} blocks (${percent(one[0], stat.blocks)}), ${bytes(one[1])}`);
      svg(group, 'rect', {x: left + c * cell, y: top + i * row, width: cell - 1, height: row - 1,
                          fill: one[0] ? `hsl(205, 80%, ${93 - 58 * part}%)` : '#f6f6f6', 'data-blocks': one[0]});
      if (of(one) >= 0.005 * all) {
        svg(group, 'text', {x: left + (c + 0.5) * cell, y: top + i * row + 14, 'text-anchor': 'middle', fill: part > 0.5 ? '#fff' : '#1a1a1a'},
            percent(of(one), all));
      }
    });
  });
  columns.forEach((column, c) => {
    const words = stat.lifetimes[column].replace('us', '\u00b5s').split(' ');
    const x = left + (c + 0.5) * cell;
    svg(picture, 'text', {x, y: bottom + 14, 'text-anchor': 'middle'}, words[0]);
    svg(picture, 'text', {x, y: bottom + 27, 'text-anchor': 'middle'}, words.slice(1).join(' '));
  });
  svg(picture, 'text', {x: (left + width) / 2, y: bottom + 45, 'text-anchor': 'middle', fill: '#555'}, 'lifetime');
}

function drawBlocks() {
  const unfreed = stat.sizes.reduce((sum, size) => sum + size.by_lifetime[stat.lifetimes.length - 1][0], 0);
  document.getElementById('lives').textContent =
    `${stat.blocks.toLocaleString('en')} blocks; ${percent(unfreed, stat.blocks)} of them were not freed while it was recorded. `
    + 'A block has the size that it had last, and lives from malloc to free, reallocs included. '
    + 'Lifetimes are those of the recording, which slows a program down. The darker, the more; numbers are shares of all, from 0.5 %.';
  drawHeat('number of blocks', (one) => one[0], stat.blocks);
  drawHeat('bytes in them', (one) => one[1], stat.bytes);
}

// ---- Call stacks -----------------------------------------------------------------

function drawStacks() {
  const stacks = stat.call_stacks;
  if (!stacks) return;
  nameFrames(stacks);
  document.getElementById('stacks').hidden = false;
  const error = stacks.live_error > 0 ? ` (\u00b1${Math.ceil(100 * stacks.live_error)} %)` : '';
  document.getElementById('flame-about').textContent =
    `Requested bytes in live blocks, as recorded: about ${bytes(stacks.now.live)}${error}, by a sample of `
    + `${count(stacks.samples, 'allocation')}, one in ${bytes(stacks.rate)} on average. Callers are above what they call; `
    + 'a click on a function makes it as wide as the page.' + stacks.notes.map((note) => ' ' + sentence(note)).join('');
  drawFlameGraph(document.getElementById('flame'), document.getElementById('flame-details'), stacks.stacks, {
    value: (stack) => stack.now.live, old: null, nothing: 'No block of the sample was live then.',
  });
}

// ---- Threads ------------------------------------------------------------------------

function drawThreads() {
  const place = document.getElementById('elsewhere');
  if (stat.threads === 1) {
    place.textContent = 'One thread made all calls.';
    return;
  }
  place.textContent = `${percent(stat.freed_elsewhere, stat.calls_free)} of the frees (${stat.freed_elsewhere.toLocaleString('en')}, `
    + `${bytes(stat.freed_elsewhere_bytes)}) are by another thread than the one that allocated the block.`
    + (stat.freed_elsewhere ? ' A row is the thread that allocated, a column the one that freed; grey is the same thread.' : '');
  if (!stat.freed_elsewhere) return;
  const last = stat.freed_by.length - 1;
  const name = (i) => `thread ${i}` + (i === last && stat.threads > last + 1 ? ' and later' : '');
  const all = stat.freed_by.map((_, i) => i);
  const owners = all.filter((i) => stat.freed_by[i].some((frees) => frees > 0));
  const freeing = all.filter((j) => stat.freed_by.some((row) => row[j] > 0));
  const table = element(document.getElementById('threads'), 'table');
  const head = element(element(table, 'thead'), 'tr');
  element(head, 'th', 'allocated by \u2193  freed by \u2192');
  for (const j of freeing) element(head, 'th', name(j));
  for (const i of owners) {
    const line = element(table, 'tr');
    element(line, 'td', name(i));
    for (const j of freeing) element(line, 'td', stat.freed_by[i][j].toLocaleString('en'), i === j ? {class: 'other'} : {});
  }
}

// ---- The table and the text ------------------------------------------------------------

const DIGITS = {bytes: 2, ratio: 3, ns: 1, count: 0};

function drawTable() {
  const table = element(document.getElementById('table'), 'table');
  const head = element(element(table, 'thead'), 'tr');
  element(head, 'th', '');
  for (const run of runs) element(head, 'th', run.name);
  const body = element(table, 'tbody');
  for (const row of data.rows) {
    const values = row.key ? runs.map((run) => run[row.key] ?? null) : [];
    if (row.key && values.every((value) => value === null)) continue;
    const line = element(body, 'tr');
    if (!row.key) {
      element(line, 'th', row.label, {colspan: runs.length + 1});
      continue;
    }
    const [unit, unitName] = row.unit === 'bytes' ? unitOf(Math.max(...values), BYTES.slice(1)) : [1, ''];
    element(line, 'td', row.label + (unitName ? ', ' + unitName : ''), {class: 'key'});
    values.forEach((value, i) => {
      const text = value === null ? 'unknown' : (value / unit).toFixed(DIGITS[row.unit]) + (row.marks[i] ? '*' : '');
      element(line, 'td', text, row.marks[i] ? {class: 'best'} : value === null ? {class: 'other'} : {});
    });
  }
  element(document.getElementById('table'), 'p',
          '* the least of the row, and what is less than 10 % above it (memory of a program with several threads: 25 %). No row has a mark where all are as good, '
          + 'or where the replay may rank allocators otherwise than the program does.', {class: 'other'});
}

function drawText() {
  const first = runs[0];
  document.getElementById('program').textContent = first.program;
  document.title = 'compare: ' + first.program;
  document.getElementById('about').textContent =
    `${first.trace}: ${count(first.events, 'call')} of ${count(first.threads, 'thread')} `
    + `in ${first.duration_s.toFixed(1)} s, replayed over each allocator.`;
  const table = element(document.getElementById('verdict'), 'table');
  for (const part of data.verdict) {
    if (!part.text) continue;
    const row = element(table, 'tr');
    element(row, 'th', part.about);
    element(row, 'td', part.text);
  }
  for (const gap of stat.gaps) element(document.getElementById('verdict'), 'p', `Not in the trace: ${gap}.`, {class: 'gap'});
}

function drawHow() {
  const first = runs[0];
  const say = (text) => element(document.getElementById('how'), 'li', text);
  say('Each allocator replays the recorded calls in processes of its own: '
    + (first.by_threads ? 'a thread for each recorded thread; times are from a further replay in one thread.' : 'in one thread.'));
  say(`${count(first.rounds, 'round')}. Memory is that of the first, times are the best of all.`);
  say('RSS is Linux\u2019s RssAnon, without the decoded trace. It includes the fixed part: what the process has before the first call.');
  say('Allocators see the time of the recording: what they give back after a time (jemalloc: 10 s) they gave back then.');
  if (runs.some((run) => run.rss_quiet !== null)) {
    say('RSS, 10 s later: after the last call 10 s more pass for the allocator, in which one thread makes some 40,000 calls a second. '
      + 'It tells what the allocator gives back when a program goes on; of a program that ends it tells nothing.');
  }
  if (stat.process) {
    say(`The recorded process itself was sampled from outside: at most ${bytes(stat.process.rss_anon_most)} of RssAnon, `
      + `${count(stat.process.threads_most, 'thread')}; CPU time ${stat.process.cpu_s.toFixed(1)} s, with what recording took.`);
  }
  const touched = ' of blocks of 8 KiB and more as far as the trace says that the program did; it may use less of others.';
  say({pages: 'The replay writes to each page of a block,' + touched,
       all: 'The replay writes to every byte of a block,' + touched,
       none: 'The replay writes to no block: RSS then says little.'}[data.touch]);
  say('Where a replay cannot tell which allocator needs least, the verdict says \u201cnot known\u201d, and why.');
  for (const gap of stat.gaps) say(sentence(gap));
  if (stat.lost_events + stat.unseen_calls) {
    say(`At least ${count(stat.lost_events + stat.unseen_calls, 'call')} of the program are not in the trace.`);
  }
  if (stat.truncated) say('The trace is truncated: what the program did later is not in it.');
  for (const run of runs) {
    say([`${run.name}: ${run.lib}${run.name === 'libc_prefix' ? ', with the size stored before each block' : ''}`, ...run.settings].join(', ') + (run.failures ? `; ${run.failures} allocations failed` : '')
      + (run.library ? '; preloaded into the build over libc, with statistics that are not known' : ''));
  }
  for (const note of data.notes.split('\n')) if (note) say(note + '.');
}

drawText();
drawCalls();
drawBlocks();
drawStacks();
drawThreads();
drawTable();
drawHow();
drawChart();
