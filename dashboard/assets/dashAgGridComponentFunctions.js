// Cells of the grid: a run's name is a link that opens its page without loading the app again.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
window.dashAgGridComponentFunctions.RunLink = function (props) {
    const href = props.data.href;
    function open(event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        window.history.pushState({}, "", href);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
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
