// What is quicker without a request: slider and field of the threshold say the same, and the URL
// says what is looked at.
(function () {
    // Dash fills this object later; its assets come first.
    const dash = (window.dash_clientside = window.dash_clientside || {});
    const put = (id, props) => dash.set_props(id, props);
    let linking, settling, scrolling; // what is waited for, of each kind the last
    let turns = 0; // pages that were shown

    // Links that lead on from here with what is looked at.
    const onward = "[id^=shell-to-], #run-next, #run-previous, #run-back, #compare-swap";

    // The URL that stands above, with some of it changed, and links likewise; nothing is loaded.
    function rewrite(here, change) {
        const query = new URLSearchParams(here);
        change(query);
        const search = query.size ? `?${query}` : "";
        if (search === here) return;
        window.history.replaceState(window.history.state, "", window.location.pathname + search);
        put("page-url", { data: search });
        for (const link of document.querySelectorAll(onward)) {
            const url = new URL(link.href);
            change(url.searchParams);
            put(link.id, { href: url.pathname + url.search });
        }
    }

    // Where a link of ours leads, without loading the app again: so does Dash's own.
    window.tsadGo = function (href) {
        window.history.pushState({}, "", href);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    };

    // Cookies, so that the server knows it, too, before it sends a page.
    function keep(name, value) {
        document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
    }

    const nothing = () => [dash.no_update, dash.no_update, dash.no_update];

    function told(message) {
        return [{ action: "show", message, autoClose: 4000, id: String(Date.now()) }];
    }

    dash.tsad = {
        link: function (k, threshold, scale, here) {
            const said = (k) => `Threshold = mean ${k < 0 ? "−" : "+"} ${Math.abs(k).toPrecision(3)} σ`;
            if (!scale) return nothing();
            const [mean, sigma, kept] = scale;
            const isSlider = dash.callback_context.triggered_id === "runs-k";
            if (!isSlider && (threshold === "" || threshold === null)) return nothing();
            const looked = isSlider ? Number((mean + k * sigma).toPrecision(6)) : threshold;
            const exact = isSlider ? k : (looked - mean) / sigma;
            window.clearTimeout(linking); // browsers allow some changes a second
            linking = window.setTimeout(function () {
                if (!document.getElementById("runs-k")) return;
                rewrite(here, function (query) {
                    if (looked === kept) query.delete("k");
                    else query.set("k", String(Number(exact.toPrecision(6))));
                });
            }, 200);
            const nearest = Math.round(10 * exact) / 10;
            return isSlider ? [dash.no_update, looked, said(k)] : [nearest, dash.no_update, said(nearest)];
        },
        settle: function (threshold) {
            // The list is filled once the slider rests.
            window.clearTimeout(settling);
            settling = window.setTimeout(function () {
                if (!document.getElementById("runs-threshold")) return;
                put("runs-settled", { data: threshold });
            }, 250);
        },
        refill: function () {
            // Its rows are asked for again; the list stays where it was scrolled to.
            if (!document.getElementById("runs-grid")) return;
            window.dash_ag_grid.getApi("runs-grid").refreshInfiniteCache();
        },
        tick: function (stored) {
            window.tsadSelection = stored;
            window.dispatchEvent(new Event("tsad-selection"));
        },
        channels: function (channels, here, own) {
            const isOwn = JSON.stringify(channels) === JSON.stringify(own);
            rewrite(here, function (query) {
                query.delete("channel");
                for (const channel of (!isOwn && channels) || []) query.append("channel", channel);
            });
            return dash.no_update;
        },
        // The run that was clicked on the map, or taken from the list: the URL names it.
        alike: function (clicked, run, here) {
            const isClick = dash.callback_context.triggered_id === "latent-map";
            const chosen = isClick ? clicked && clicked.points[0].customdata : run;
            if (!chosen || new URLSearchParams(here).get("run") === chosen) {
                return [dash.no_update, dash.no_update];
            }
            rewrite(here, (query) => query.set("run", chosen));
            return [chosen, "nearest"];
        },
        // A double click lets a map forget what is selected: it is marked again.
        again: function (figure) {
            const map = document.querySelector("#latent-map .js-plotly-plot");
            if (map && map.on && !map.tsadMarks) {
                map.tsadMarks = true;
                map.on("plotly_deselect", () => put("latent-again", { data: Date.now() }));
            }
            return dash.no_update;
        },
        scheme: function (clicks, now) {
            const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
            const system = isDark ? "dark" : "light", other = now === "dark" ? "light" : "dark";
            keep("tsad-system", system);
            if (clicks) keep("tsad-scheme", other);
            const isKnown = document.cookie.includes("tsad-scheme=");
            const next = clicks ? other : isKnown ? now : system;
            return next === now ? [dash.no_update, dash.no_update] : [next, next];
        },
        copy: async function (clicks) {
            try {
                await window.navigator.clipboard.writeText(window.location.href);
                return told("The link to this page is copied.");
            } catch {
                return told("This browser lets no page copy: take the link from the address bar.");
            }
        },
        // Figures mount one after another: when the first of a page is drawn, the others are asked for.
        shown: async function () {
            const turn = ++turns;
            const pause = (ms) => new Promise((done) => window.setTimeout(done, ms));
            const isDrawn = (plot) => plot && !plot.tsadShown && plot.querySelector("[class$=tick], .annotation");
            const first = () => document.querySelector("#page .graph .js-plotly-plot");
            for (let waited = 0; !isDrawn(first()) && waited < 200; waited++) {
                await pause(15);
                if (turn !== turns) return dash.no_update;
            }
            const plot = first();
            if (plot && plot.on) {
                plot.tsadShown = true; // the next page may draw into it
                plot.on("plotly_afterplot", () => (plot.tsadShown = false));
            }
            await pause(0); // it is painted before the others are
            return turn;
        },
        clear: function (clicks) {
            return clicks ? null : dash.no_update;
        },
        exports: function (here, ...links) {
            // Of all runs, whichever the URL names beside them.
            const query = new URLSearchParams(here);
            query.delete("run");
            return links.map((link) => link && `${link.split("?")[0]}?${query}`);
        },
        scroll: function (_children, hash) {
            // Text that comes after its page moves what is below it: look again until somebody acts.
            scrolling?.disconnect();
            const page = document.getElementById("page");
            const place = () => {
                const named = [...page.querySelectorAll("section[id]")].find((s) => `#${s.id}` === hash);
                named?.focus({ preventScroll: true });
                named?.scrollIntoView();
            };
            if (!hash || !page) return;
            scrolling = new ResizeObserver(place);
            scrolling.observe(page);
            for (const event of ["wheel", "pointerdown", "keydown"]) {
                window.addEventListener(event, () => scrolling.disconnect(), { once: true });
            }
        },
        open: function (clicks) {
            return Boolean(clicks);
        },
    };
})();
