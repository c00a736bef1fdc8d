// A figure that has mounted is drawn once more by Dash, to fit its place; one that fits is left alone.
(function () {
    let plotly;
    const fits = (figure) =>
        Math.abs(figure._fullLayout.width - figure.clientWidth) < 1 &&
        Math.abs(figure._fullLayout.height - figure.clientHeight) < 1;
    Object.defineProperty(window, "Plotly", {
        get: () => plotly,
        set: function (loaded) {
            plotly = loaded;
            const resize = loaded.Plots.resize;
            loaded.Plots.resize = (figure) =>
                figure._fullLayout && fits(figure) ? Promise.resolve(figure) : resize(figure);
        },
    });
})();
