// Draws the report of zheap from its JSON.
'use strict';

nameFrames(data);
const FIGURES = {
  live: 'live bytes',
  waste: 'waste beside live blocks',
  allocated: 'allocated bytes',
};
const ROWS = 100; // of the table, before the button
const compares = data.old_file !== null;
const state = {figure: data.sort, label: null, rows: ROWS};

// ---- Numbers ----------------------------------------------------------------

function grown(stack, figure) {
  return stack.now[figure] - (compares ? stack.old[figure] : 0);
}

// The stacks of the label that is chosen, those that matter most first; and how many others of that
// label have nothing of the figure.
function chosenStacks() {
  const {figure, label} = state;
  const ofLabel = data.stacks.filter((stack) => label === null || (stack.label || '') === label);
  const shown = ofLabel.filter((stack) => stack.now[figure] > 0 || (compares && stack.old[figure] > 0))
    .sort((a, b) => grown(b, figure) - grown(a, figure) || b.now[figure] - a.now[figure]);
  return {shown, without: ofLabel.length - shown.length};
}

// ---- The flame graph ----------------------------------------------------------

let chart = null;

function drawChart(stacks) {
  const {figure} = state;
  if (chart) chart.destroy();
  chart = drawFlameGraph(document.getElementById('chart'), document.getElementById('details'), stacks, {
    value: (stack) => stack.now[figure],
    old: compares ? (stack) => stack.old[figure] : null,
    nothing: `There are no ${FIGURES[figure]}.`,
  });
  search();
}

function search() {
  if (chart) searchFlameGraph(chart, document.getElementById('details'), document.getElementById('find').value);
}

// ---- The table ------------------------------------------------------------------

function drawFrame(parent, frame) {
  element(parent, 'span', frame.function);
  if (frame.source) element(parent, 'span', '  ' + frame.source, {class: 'source'});
}

function drawStack(cell, stack) {
  if (stack.label !== null) element(cell, 'span', stack.label, {class: 'label'});
  if (stack.frames.length === 0) {
    element(cell, 'span', '(no stack)');
    return;
  }
  const details = element(cell, 'details');
  const summary = element(details, 'summary');
  drawFrame(summary, stack.frames[0]);
  const callers = stack.frames.slice(1, 4).map((frame) => frame.function);
  if (callers.length) {
    element(summary, 'small', '\u2190 ' + callers.join(' \u2190 ') + (stack.frames.length > 4 ? ' \u2026' : ''));
  }
  const list = element(details, 'ol');
  for (const frame of stack.frames) drawFrame(element(list, 'li'), frame);
}

function drawTable(stacks) {
  const place = document.getElementById('table');
  place.textContent = '';
  const table = element(place, 'table');
  const head = element(element(table, 'thead'), 'tr');
  for (const figure of Object.keys(FIGURES)) {
    element(head, 'th', figure, {class: figure === state.figure ? 'on' : ''});
  }
  element(head, 'th', 'live blocks');
  element(head, 'th', 'stack, innermost function first');
  const body = element(table, 'tbody');
  for (const stack of stacks.slice(0, state.rows)) {
    const row = element(body, 'tr');
    for (const figure of Object.keys(FIGURES)) {
      const cell = element(row, 'td', bytesText(stack.now[figure]), {class: figure === state.figure ? 'on' : ''});
      element(cell, 'small', percentText(stack.now[figure], data.now[figure]));
      const change = compares ? grown(stack, figure) : 0;
      if (change) element(cell, 'span', signedText(change), {class: change > 0 ? 'grew' : 'shrank'});
    }
    element(row, 'td', String(stack.now.live_blocks));
    drawStack(element(row, 'td'), stack);
  }
  const more = document.getElementById('more');
  more.hidden = stacks.length <= state.rows;
  more.textContent = `show all ${stacks.length} stacks`;
}

// ---- The text and the controls ------------------------------------------------------

// " (±5 %)"; nothing where the error is too small to tell.
function errorText(error) {
  const percent = 100 * error;
  return percent < 0.05 ? '' : ` (\u00b1${percent < 1 ? percent.toFixed(1) : Math.ceil(percent)} %)`;
}

function drawText() {
  document.title = 'zheap: ' + data.file;
  document.getElementById('title').textContent = 'zheap: ' + data.file;
  const say = (text) => element(document.getElementById('summary'), 'p', text);
  say(`Live: ${bytesText(data.now.live)}${errorText(data.live_error)} in ${data.now.live_blocks} blocks. `
    + `Wasted beside them: ${bytesText(data.now.waste)}. Allocated: ${bytesText(data.now.allocated)}.`);
  if (compares) {
    const change = (figure) => signedText(data.now[figure] - data.old[figure]);
    say(`Since ${data.old_file}: live ${change('live')}, waste ${change('waste')}, `
      + `allocated ${change('allocated')}. Red has grown, blue has shrunk.`);
  }
  const taken = data.time_nanos ? `Taken ${new Date(data.time_nanos / 1e6).toISOString()}. ` : '';
  const rate = data.rate > 1 ? `A sample every ${bytesText(data.rate)} on average: figures are estimates.`
    : data.rate === 1 ? 'Every block is a sample.' : '';
  if (taken || rate) say(taken + rate);
  for (const note of data.notes) element(document.getElementById('notes'), 'p', note + '.');
}

function makeControls() {
  for (const [figure, text] of Object.entries(FIGURES)) {
    const button = element(document.getElementById('figures'), 'button', text, {type: 'button', 'data-figure': figure});
    button.addEventListener('click', () => { location.hash = figure; });
  }
  const labels = [...new Set(data.stacks.map((stack) => stack.label || ''))].sort();
  if (labels.length > 1) {
    const select = document.querySelector('#labels select');
    document.getElementById('labels').hidden = false;
    element(select, 'option', 'all', {value: ''});
    labels.forEach((label, i) => element(select, 'option', label || '(none)', {value: String(i)}));
    select.addEventListener('change', () => {
      state.label = select.value === '' ? null : labels[Number(select.value)];
      draw();
    });
  }
  document.getElementById('find').addEventListener('input', search);
  document.getElementById('reset').addEventListener('click', () => { if (chart) chart.resetZoom(); });
  document.getElementById('more').addEventListener('click', () => {
    state.rows = Infinity;
    draw();
  });
  window.addEventListener('hashchange', takeHash);
  window.addEventListener('resize', draw);
}

function draw() {
  for (const button of document.querySelectorAll('#figures button')) {
    button.classList.toggle('on', button.dataset.figure === state.figure);
  }
  const {shown, without} = chosenStacks();
  drawChart(shown);
  drawTable(shown);
  document.getElementById('without').textContent =
    without ? `${without} ${without === 1 ? 'stack has' : 'stacks have'} no ${FIGURES[state.figure]}.` : '';
}

// The figure is in the address: #waste.
function takeHash() {
  const figure = location.hash.slice(1);
  if (Object.hasOwn(FIGURES, figure)) state.figure = figure;
  draw();
}

drawText();
makeControls();
takeHash();
