// What the reports of all tools share.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const COLORS = ['#0072b2', '#d55e00', '#6a3d9a', '#00794f', '#b8257a', '#7a4a00', '#008b8b'];
const MIB = 1048576;

function element(parent, name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.appendChild(made);
  return made;
}

function svg(parent, name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}

// Whether a canvas has a pixel that is not transparent.
function isDrawn(context) {
  const {width, height} = context.canvas;
  return context.getImageData(0, 0, width, height).data.some((byte) => byte !== 0);
}
