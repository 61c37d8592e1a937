/* Runs before the first paint, so that parts that need scripts do not jump into view. */
document.documentElement.classList.add("js");
