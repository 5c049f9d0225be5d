// Draws the report of zmeasure from its JSON.
'use strict';

const columns = data.columns.map((column, i) => ({...column, color: ['#444444', ...COLORS][i % (COLORS.length + 1)]}));
const shown = columns.filter((column) => !column.failed);

// ---- Numbers ----------------------------------------------------------------

function median(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  const n = sorted.length;
  return n ? (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2 : null;
}

function format(value, unit) {
  if (value === null || value === undefined) return 'unknown';
  if (unit === 'bytes') return (value / MIB).toFixed(2) + ' MiB';
  if (unit === 'seconds') return value.toFixed(3) + ' s';
  if (unit === 'count') return value.toFixed(0);
  return String(+value.toPrecision(5));
}

function percent(part) {
  return (part > 0 ? '+' : part < 0 ? '\u2212' : '') + Math.abs(100 * part).toFixed(1) + ' %';
}

// A word as a shell takes it: report.c does the same.
function shellWord(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function wordClass(word) {
  return ['better', 'worse', 'differs'].includes(word) ? word : 'other';
}

// ---- RssAnon over time ------------------------------------------------------

// The last value that was seen at a time; null after the end of the run.
function valueAt(run, time) {
  const seconds = run.seconds;
  if (!seconds.length || time > seconds[seconds.length - 1] || time < seconds[0]) return null;
  let low = 0, high = seconds.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (seconds[middle] <= time) low = middle; else high = middle - 1;
  }
  return run.rss_anon_bytes[low] / MIB;
}

// The median of the runs, as long as at least half of them still run.
function medianLine(column, end) {
  const times = [], values = [], points = 300;
  for (let i = 0; i <= points; i++) {
    const time = end * i / points;
    const alive = column.samples.map((run) => valueAt(run, time)).filter((value) => value !== null);
    times.push(time);
    values.push(2 * alive.length >= column.samples.length ? median(alive) : null);
  }
  return [times, values];
}

function drawChart() {
  const runs = shown.flatMap((column) => column.samples);
  const end = Math.max(0.001, ...runs.map((run) => run.seconds[run.seconds.length - 1] || 0));
  const tables = [], series = [{label: 'seconds'}], owners = [null];
  for (const bold of [false, true]) {
    for (const column of shown) {
      const lines = bold ? [medianLine(column, end)]
        : column.samples.map((run) => [run.seconds, run.rss_anon_bytes.map((bytes) => bytes / MIB)]);
      for (const line of lines) {
        tables.push(line);
        owners.push(column);
        series.push({
          label: column.name, stroke: bold ? column.color : column.color + '55', width: bold ? 3 : 1,
          points: {show: false}, spanGaps: !bold,
        });
      }
    }
  }
  // The medians share their times, and end where too few runs are left: gaps of other series' times
  // are bridged, their own are not.
  const modes = tables.map((table, i) => table.slice(1).map(() => (series[i + 1].spanGaps ? 1 : 2)));
  const place = document.getElementById('chart');
  const chart = new uPlot({
    width: Math.max(300, place.clientWidth), height: 380, series, legend: {show: false},
    scales: {x: {time: false}, y: {range: (_, least, most) => [0, (most || 1) * 1.05]}},
    axes: [{label: 'seconds'}, {label: 'MiB', size: 70}],
    // A test looks for it: the canvas is not empty.
    hooks: {draw: [(drawn) => { place.dataset.drawn = String(isDrawn(drawn.ctx)); }]},
  }, uPlot.join(tables, modes), place);
  const legend = document.getElementById('legend');
  for (const column of shown) {
    const entry = element(legend, 'span');
    element(entry, 'i', '', {style: 'background:' + column.color});
    entry.append(column.name);
    entry.addEventListener('click', () => {
      const off = entry.classList.toggle('off');
      owners.forEach((owner, i) => { if (owner === column) chart.setSeries(i, {show: !off}); });
    });
  }
}

// ---- Bars -------------------------------------------------------------------

// The ends of the interval, as values of the figure.
function interval(difference, base) {
  if (!difference || difference.low === null) return null;
  return difference.relative ? [base * (1 + difference.low), base * (1 + difference.high)]
    : [base + difference.low, base + difference.high];
}

function drawBars(key, label) {
  const known = shown.filter((column) => column.figures[key] && column.figures[key].median !== null);
  if (!known.length) return;
  const base = known[0].figures[key].median;
  const ends = known.map((column) => interval(column.figures[key].difference, base));
  const most = Math.max(...known.map((column) => column.figures[key].median),
                        ...ends.map((one) => (one ? Math.min(one[1], 3 * base) : 0))) || 1;
  const left = 150, right = 150, width = 520, row = 24;
  const x = (value) => left + Math.max(0, Math.min(value, most)) / most * (width - left - right);
  const card = element(document.getElementById('bars'), 'div');
  element(card, 'h3', label.label);
  const picture = svg(card, 'svg', {viewBox: `0 0 ${width} ${row * known.length + 4}`, width: '100%', 'font-size': 12});
  known.forEach((column, i) => {
    const figure = column.figures[key], y = i * row, middle = y + row / 2;
    const name = column.name.length > 22 ? column.name.slice(0, 21) + '\u2026' : column.name;
    svg(picture, 'text', {x: left - 8, y: middle + 4, 'text-anchor': 'end'}, name);
    svg(picture, 'rect', {x: left, y: y + 4, width: x(figure.median) - left, height: row - 8, fill: column.color, opacity: 0.75});
    if (ends[i]) {
      const [low, high] = ends[i].map(x);
      svg(picture, 'path', {d: `M${low} ${middle}H${high}M${low} ${middle - 5}v10M${high} ${middle - 5}v10`, stroke: '#000', fill: 'none'});
    }
    const word = figure.difference ? figure.difference.word : '';
    const change = figure.difference && figure.difference.relative ? ' ' + percent(figure.difference.median) : '';
    svg(picture, 'text', {x: width - right + 10, y: middle + 4, class: wordClass(word), fill: word === 'better' ? '#00694c' : word === 'worse' ? '#b03a00' : '#555'},
        format(figure.median, label.unit) + change);
  });
}

// ---- The table and the text -------------------------------------------------

function drawTable() {
  const table = element(document.getElementById('table'), 'table');
  const head = element(element(table, 'thead'), 'tr');
  element(head, 'th', '');
  for (const column of columns) element(head, 'th', column.name);
  const body = element(table, 'tbody');
  for (const [key, label] of Object.entries(data.labels)) {
    const row = element(body, 'tr');
    element(row, 'td', label.label);
    for (const column of columns) {
      const figure = column.figures[key];
      if (column.failed) {
        element(row, 'td', 'failed', {title: column.failed});
        continue;
      }
      const cell = element(row, 'td', format(figure.median, label.unit));
      const difference = figure.difference;
      if (!difference || difference.median === null) continue;
      element(cell, 'br');
      const amount = difference.relative ? percent : (value) => String(+value.toPrecision(3));
      const bare = (value) => amount(value).replace(' %', '');
      element(cell, 'span', difference.low === null ? amount(difference.median)
        : `${amount(difference.median)} (${bare(difference.low)} to ${bare(difference.high)})`
          .replace(/ (?!\()/g, '\u00a0'),
              {class: wordClass(difference.word), title: difference.word});
    }
  }
  element(document.getElementById('table'), 'p',
          `Medians of all runs, and of the differences from ${columns[0].name} in each turn, with `
          + 'intervals of 95 %. Green is better, red is worse, grey is no clear difference, or not '
          + 'judged.', {class: 'other'});
}

function drawText() {
  const command = data.program.map(shellWord).join(' ');
  document.getElementById('program').textContent = command;
  document.title = 'zmeasure: ' + command;
  for (const part of data.sentence.split('\n')) element(document.getElementById('sentence'), 'p', part);
  const how = document.getElementById('how');
  const say = (text) => element(how, 'li', text);
  say(`${data.runs} runs of each, in turns, after ${data.warmup_runs} that did not count; ${data.seconds.toFixed(0)} s.`);
  if (data.load) say('load: ' + data.load);
  if (data.ready) say('ready: ' + data.ready);
  if (data.load) say(`idle after the load: ${data.idle_seconds} s`);
  for (const column of columns) {
    const parts = [column.library || 'nothing preloaded', ...column.settings];
    say(`${column.name}: ${parts.join(', ')}${column.failed ? '; failed: ' + column.failed : ''}`);
  }
  const noise = data.noise;
  say(`Noise: other processes used ${(100 * noise.other_processes).toFixed(0)} % of the processors `
    + `(up to ${(100 * noise.other_processes_most).toFixed(0)} % in a run), the host took up to `
    + `${(100 * noise.stolen_most).toFixed(1)} %; the program was preempted `
    + `${(noise.preemptions_per_cpu_second || 0).toFixed(0)} times a second of its CPU time.`);
  for (const note of data.notes) say(note + '.');
}

drawText();
for (const [key, label] of Object.entries(data.labels)) if (label.main) drawBars(key, label);
drawTable();
drawChart();
