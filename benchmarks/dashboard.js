// What benchmarks/dashboard.py asks of a page: when is drawn what was asked for?
window.bench = (() => {
  const graphs = () => [...document.querySelectorAll('.graph')];
  const plotIn = (part) => part.querySelector('.js-plotly-plot');
  const hasTicks = (part) => part.querySelector('[class$=tick] text, .infolayer .annotation-text');
  // From the next event of a kind, in milliseconds.
  const fromNext = (event, act) =>
    new Promise((done) => addEventListener(event, () => act(performance.now(), done), {once: true, capture: true}));
  let last;

  return {
    // Shell, first figure and all figures of a page that is being opened.
    opened: () => new Promise((done) => {
      const times = {};
      const look = () => {
        const now = performance.now(), found = graphs();
        if (document.querySelector('header nav a')) times.shell ??= now;
        if (found.length && hasTicks(found[0])) times.first ??= now;
        if (found.length && found.every(hasTicks)) done({...times, whole: now});
        else requestAnimationFrame(look);
      };
      look();
    }),

    // The same from a key that goes to another run: what is drawn already is drawn anew, or replaced.
    watchChange: () => {
      const title = () => document.querySelector('h1').textContent, before = title();
      const old = new Set(document.querySelectorAll('.js-plotly-plot'));
      for (const plot of old) plot.once('plotly_afterplot', () => old.delete(plot));
      const isDrawn = (graph) => {
        const plot = plotIn(graph);
        return plot && !old.has(plot) && plot.data.length && hasTicks(plot);
      };
      last = fromNext('keydown', (start, done) => {
        const times = {};
        const look = () => {
          const found = title() === before ? [] : graphs(), now = performance.now() - start;
          if (found.length && isDrawn(found[0])) times.first ??= now;
          if (found.length && found.every(isDrawn)) done({...times, whole: now});
          else requestAnimationFrame(look);
        };
        look();
      });
    },

    // From an event to the next drawing of a figure.
    watchDrawing: ([selector, event]) => {
      const plot = plotIn(document.querySelector(selector));
      last = fromNext(event, (start, done) =>
        plot.once('plotly_afterplot', () => done(performance.now() - start)));
    },

    // What was watched for last.
    watched: () => last,

    // Where on the screen the markers of a scatter are that has the most.
    markers: (selector) => {
      const plot = plotIn(document.querySelector(selector));
      const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
      const xs = plot._fullData.flatMap((trace) => trace.visible === true ? [...trace.x] : []);
      return {
        xs: xs.map((x) => box.left + xaxis._offset + xaxis.d2p(x)),
        top: box.top + yaxis._offset + 3,
        bottom: box.top + yaxis._offset + yaxis._length - 3,
      };
    },
  };
})();
