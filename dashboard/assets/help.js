// Links to the help keep what is looked at in the URL, so that its other links lead back there.
document.addEventListener("click", function (event) {
    const link = event.target.closest && event.target.closest("a.help");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.tsadGo(link.pathname + window.location.search + link.hash);
});
