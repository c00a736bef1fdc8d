// What is quicker without a request: the slider of k and the field of the threshold say the same.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
    tsad: {
        link: function (k, threshold, scale) {
            const same = window.dash_clientside.no_update;
            const said = (k) => `Threshold = mean ${k < 0 ? "−" : "+"} ${Math.abs(k).toPrecision(3)} σ`;
            if (!scale) return [same, same, same];
            const [mean, sigma] = scale;
            const moved = window.dash_clientside.callback_context.triggered_id;
            if (moved === "runs-k") {
                return [same, Number((mean + k * sigma).toPrecision(6)), said(k)];
            }
            if (threshold === "" || threshold === null) return [same, same, same];
            const nearest = Math.round((10 * (threshold - mean)) / sigma) / 10;
            return [nearest, same, said(nearest)];
        },
        settle: function (threshold) {
            // The list is filled once the slider rests.
            window.clearTimeout(window.tsadSettling);
            window.tsadSettling = window.setTimeout(function () {
                if (!document.getElementById("runs-threshold")) return;
                window.dash_clientside.set_props("runs-settled", { data: threshold });
            }, 250);
        },
        scroll: function (_children, hash) {
            // Text that comes after its page moves what is below it: look again until somebody acts.
            window.tsadScrolling?.disconnect();
            const page = document.getElementById("page");
            const place = () => {
                const named = [...page.querySelectorAll("section[id]")].find((s) => `#${s.id}` === hash);
                named?.focus({ preventScroll: true });
                named?.scrollIntoView();
            };
            if (!hash || !page) return;
            window.tsadScrolling = new ResizeObserver(place);
            window.tsadScrolling.observe(page);
            for (const event of ["wheel", "pointerdown", "keydown"]) {
                window.addEventListener(event, () => window.tsadScrolling.disconnect(), { once: true });
            }
        },
        open: function (clicks) {
            return Boolean(clicks);
        },
    },
});
