"use strict";
(() => {
  const PAPER = { width: 700, height: 790 }; // pixels between the margins of A4, less some text
  const text = (id) => document.getElementById(id).textContent;
  const config = JSON.parse(text("config"));
  const charts = [...document.querySelectorAll(".chart")];
  const heights = new Map(charts.map((chart) => [chart, chart.clientHeight]));
  const waiting = [...charts];

  const draw = (chart) => {
    const { data, layout } = JSON.parse(text(`${chart.id}-data`));
    return Plotly.newPlot(chart, data, layout, config);
  };

  // One after the other, so that the page can be scrolled and read meanwhile.
  const drawNext = async () => {
    const chart = waiting.shift();
    if (!chart) {
      document.body.dataset.charts = "drawn";
      return;
    }
    try {
      await draw(chart);
    } catch (error) {
      console.error(error); // the others can be drawn all the same
    }
    setTimeout(drawNext);
  };

  // On paper the charts are as wide as the paper, with letters of their usual size.
  const toPaper = () => {
    while (waiting.length) draw(waiting.shift());
    charts.forEach((chart) => {
      const height = Math.min(PAPER.height, heights.get(chart));
      chart.style.height = `${height}px`;
      Plotly.relayout(chart, { width: PAPER.width, height });
    });
  };
  const toScreen = () =>
    charts.forEach((chart) => {
      const height = heights.get(chart);
      chart.style.height = `${height}px`;
      Plotly.relayout(chart, { width: null, height, autosize: true });
    });

  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", toScreen);
  drawNext();
})();
