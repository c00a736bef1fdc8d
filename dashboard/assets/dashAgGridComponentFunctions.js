// Cells of the grid. A row that has not come yet has no data.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

// A number as the other pages say it: `results.number`.
window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.inDigits = function (value) {
    if (typeof value !== "number") return "";
    const size = Math.abs(value);
    if (size < 0.1 || size >= 1e7) return String(Number(value.toPrecision(size < 0.1 ? 2 : 3)));
    return size < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en-US");
};

// A run's name is a link that opens its page without loading the app again.
window.dashAgGridComponentFunctions.RunLink = function (props) {
    if (!props.data) return null;
    const href = props.data.href;
    function open(event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        window.tsadGo(href);
        window.scrollTo(0, 0);
    }
    const mark = { className: "outlier", title: "outlier", role: "img", "aria-label": "outlier" };
    return React.createElement(
        React.Fragment,
        null,
        React.createElement("a", { href: href, onClick: open }, props.value),
        props.data.outlier ? React.createElement("span", mark, " ◆") : null,
    );
};

// A run is ticked where it is selected: the selection is that of all pages, not the grid's.
(function () {
    let last = null; // name of the run that was ticked last

    function selected(context) {
        const stored = window.tsadSelection;
        // Another program may have left something else in the browser's storage.
        const isOurs = stored?.data_set === context.dataSet && Array.isArray(stored.runs);
        return new Set(isOurs ? stored.runs : []);
    }

    // Names of the loaded runs from the one that was ticked last to this one.
    function reached({ api, node, data }) {
        const from = last === null ? null : api.getRowNode(last);
        if (!from) return [data.run];
        const [first, end] = [from.rowIndex, node.rowIndex].sort((a, b) => a - b);
        const rows = [];
        for (let i = first; i <= end; i++) rows.push(api.getDisplayedRowAtIndex(i)?.data);
        return rows.filter(Boolean).map((row) => row.run);
    }

    function toggle(props, isRange) {
        const runs = selected(props.context);
        const change = runs.has(props.data.run) ? "delete" : "add";
        for (const run of isRange ? reached(props) : [props.data.run]) runs[change](run);
        last = props.data.run;
        const data = runs.size ? { data_set: props.context.dataSet, runs: [...runs] } : null;
        window.dash_clientside.tsad.tick(data); // at once, for whoever looks
        window.dash_clientside.set_props("shell-selection", { data });
    }

    window.dashAgGridComponentFunctions.Tick = function (props) {
        const [, draw] = React.useReducer((n) => n + 1, 0);
        React.useEffect(function () {
            window.addEventListener("tsad-selection", draw);
            return () => window.removeEventListener("tsad-selection", draw);
        }, []);
        const latest = React.useRef(props);
        latest.current = props;
        React.useEffect(function () {
            // The grid leads the keyboard to the cell, not to what is in it.
            const cell = props.eGridCell;
            function press(event) {
                if (event.key !== " " || event.target !== cell || !latest.current.data) return;
                event.preventDefault();
                toggle(latest.current, event.shiftKey);
            }
            cell.addEventListener("keydown", press);
            return () => cell.removeEventListener("keydown", press);
        }, [props.eGridCell]);
        if (!props.data) return null;
        const box = React.createElement("input", {
            type: "checkbox",
            tabIndex: -1,
            checked: selected(props.context).has(props.data.run),
            readOnly: true, // whoever clicks beside it means it, too
            "aria-label": `select run ${props.data.run}`,
        });
        const click = (event) => toggle(props, event.shiftKey);
        return React.createElement("span", { className: "tick", onClick: click }, box);
    };
})();
