// A flame graph of call stacks, drawn by d3-flame-graph, and numbers of bytes.
'use strict';

function bytesText(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit++;
  }
  return value.toFixed(unit ? 1 : 0) + ' ' + units[unit];
}

function signedText(value) {
  return (value > 0 ? '+' : value < 0 ? '\u2212' : '') + bytesText(Math.abs(value));
}

function percentText(part, all) {
  return all > 0 ? (100 * part / all).toFixed(1) + ' %' : '';
}

// The stacks have the numbers of their frames: gives them the frames instead.
function nameFrames(of) {
  for (const stack of of.stacks) stack.frames = stack.frames.map((number) => of.frames[number]);
}

// A tree of the frames: each node has the bytes of all stacks through it.
function flameTree(stacks, options) {
  const root = {name: 'all', value: 0, old: 0, children: [], byName: new Map()};
  for (const stack of stacks) {
    const value = options.value(stack), old = options.old ? options.old(stack) : 0;
    if (value === 0 && old === 0) continue;
    let node = root;
    node.value += value;
    node.old += old;
    for (let i = stack.frames.length - 1; i >= 0; i--) {
      const frame = stack.frames[i];
      let child = node.byName.get(frame.function);
      if (!child) {
        child = {name: frame.function, value: 0, old: 0, resolved: frame.resolved, children: [], byName: new Map()};
        node.byName.set(frame.function, child);
        node.children.push(child);
      }
      child.value += value;
      child.old += old;
      node = child;
    }
  }
  return root;
}

// Each function has a colour of its own; with a comparison, red has grown and blue has shrunk.
function flameColor(node, compares) {
  if (node.highlight) return '#cc79ff';
  if (compares) {
    const change = node.data.value - node.data.old;
    const part = Math.min(1, Math.abs(change) / Math.max(1, node.data.value, node.data.old));
    const other = Math.round(235 - 150 * part);
    return change > 0 ? `rgb(255,${other},${other})` : change < 0 ? `rgb(${other},${other},255)` : '#e4e4e4';
  }
  if (node.depth === 0) return '#d8d8d8';
  if (!node.data.resolved) return '#c8c8c8';
  let hash = 0;
  for (const letter of node.data.name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return `hsl(${12 + hash % 45},${70 + (hash >> 8) % 25}%,${58 + (hash >> 16) % 14}%)`;
}

// Draws stacks at a place, and text about what the pointer is on at another.  Options: value(stack),
// old(stack) or null, and nothing, the text for no value.  Returns the chart, or null for no value.
function drawFlameGraph(place, details, stacks, options) {
  const tree = flameTree(stacks, options);
  const compares = options.old !== null;
  const describe = (node) => {
    const change = compares ? `, ${signedText(node.data.value - node.data.old)}` : '';
    return `${node.data.name}: ${bytesText(node.data.value)} (${percentText(node.data.value, tree.value)}${change})`;
  };
  place.textContent = '';
  place.dataset.frames = 0;
  if (tree.value === 0) {
    element(place, 'p', options.nothing, {class: 'nothing'});
    return null;
  }
  // The library's function is named "default".
  const chart = flamegraph.default().width(Math.max(300, place.clientWidth)).cellHeight(19).inverted(true)
    .transitionDuration(0).minFrameSize(1).setColorMapper((node) => flameColor(node, compares))
    .setLabelHandler(describe)
    .setDetailsElement(details)
    .setSearchMatch((node, term) => term !== '' && node.data.name.toLowerCase().includes(term.toLowerCase()))
    .setSearchHandler((found, sum) => {
      details.textContent = `${bytesText(sum)} (${percentText(sum, tree.value)}) found`;
    })
    .sort((a, b) => b.value - a.value);
  d3.select(place).datum(tree).call(chart);
  // A test looks for it: the library has drawn.
  place.dataset.frames = place.querySelectorAll('g.frame').length;
  return chart;
}

function searchFlameGraph(chart, details, term) {
  if (term) {
    chart.search(term);
  } else {
    chart.clear();
    details.textContent = '';
  }
}
