// Keys of the pages; off while something is written or a dialog or the grid has the focus. A menu
// closes by Escape, and when something else is clicked or used.
(function () {
    const targets = {
        n: "#run-next", p: "#run-previous", r: "#run-back",
        t: ".key-t", f: ".key-f", u: ".key-u", z: "#run-undo", s: "#run-select",
        c: "#shell-clear", d: "#shell-dark", "?": "#shell-show-keys",
        1: "#shell-to-1", 2: "#shell-to-2", 3: "#shell-to-3", 4: "#shell-to-4", 5: "#shell-to-5",
    };
    const written = "input:not([type=radio], [type=checkbox], [readonly]), textarea, select";
    const busy = written + ", [contenteditable=true], .ag-root-wrapper, [role=dialog]";
    document.addEventListener("keydown", function (event) {
        if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        if (event.target.closest && event.target.closest(busy)) return;
        const target = targets[event.key] && document.querySelector(targets[event.key]);
        if (target) {
            event.preventDefault();
            target.click();
        }
    });
    function close(event) {
        for (const menu of document.querySelectorAll("details.menu[open]")) {
            if (!menu.contains(event.target)) menu.open = false;
        }
    }
    document.addEventListener("click", close);
    document.addEventListener("focusin", close);
    document.addEventListener("keydown", function (event) {
        const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
        if (!menu) return;
        menu.open = false;
        menu.querySelector("summary").focus();
    });
})();
