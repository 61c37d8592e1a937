/* Progressive enhancement only: every page works with this file absent. */
(function () {
  "use strict";

  function allocation(box) {
    var fields = Array.prototype.slice.call(box.querySelectorAll("input[type=number]"));
    var bar = box.closest("form").querySelector(".remainder");
    var visible = bar.querySelector("[data-visible]");
    var live = bar.querySelector("[data-live]");
    var total = Number(box.dataset.alloc) || 100;
    var timer;
    var value = function (f) { return Math.max(0, Math.min(total, Math.round(Number(f.value) || 0))); };
    var words = function (left) {
      if (left === 0) return [bar.dataset.exact || "All " + total + " points placed", "exact"];
      if (left > 0) return [left + (left === 1 ? " point" : " points") + " left to place", "under"];
      return [-left + (left === -1 ? " point" : " points") + " too many", "over"];
    };
    var update = function () {
      var sum = fields.reduce(function (a, f) { return a + value(f); }, 0);
      var w = words(total - sum);
      visible.textContent = w[0];
      bar.dataset.state = w[1];
      clearTimeout(timer);
      timer = setTimeout(function () { live.textContent = w[0]; }, 700);
    };
    fields.forEach(function (f) {
      var row = f.closest("li");
      var slider = row.querySelector("input[type=range]");
      var set = function (v) {
        f.value = Math.max(0, Math.min(total, v));
        if (slider) slider.value = f.value;
        update();
      };
      f.addEventListener("input", function () { if (slider) slider.value = value(f); update(); });
      if (slider) slider.addEventListener("input", function () { set(Number(slider.value)); });
      row.querySelectorAll("button[data-step]").forEach(function (b) {
        b.addEventListener("click", function () { set(value(f) + Number(b.dataset.step)); });
      });
    });
    update();
  }

  function toast(text) {
    var box = document.querySelector(".toast");
    box.textContent = text;
    setTimeout(function () { if (box.textContent === text) box.textContent = ""; }, 6000);
  }

  function copyButton(button) {
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.dataset.copy).then(function () { toast(button.dataset.done); });
    });
  }

  /* Deadlines in the reader's time zone; times on record stay in UTC. */
  function localTime(time) {
    var at = new Date(time.getAttribute("datetime"));
    if (isNaN(at)) return;
    var options = { day: "numeric", month: "long" };
    if (at.getFullYear() !== new Date().getFullYear()) options.year = "numeric";
    var language = document.documentElement.lang;
    var text = at.toLocaleDateString(!language || language === "en" ? "en-GB" : language, options);
    if (time.dataset.local === "datetime") {
      text += ", " + at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }) + " (your time)";
    }
    time.title = time.textContent;
    time.textContent = text;
  }

  /* A second click must not send a form twice; going back makes it usable again. */
  function sendOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
    });
    window.addEventListener("pageshow", function () { delete form.dataset.sent; });
  }

  function each(root, selector, act) { root.querySelectorAll(selector).forEach(act); }

  function enhance(root) {
    each(root, "button[data-copy]", copyButton);
    each(root, "time[data-local]", localTime);
    each(root, "form[method=post]", sendOnce);
    each(root, "[data-alloc]", allocation);
  }

  enhance(document);
  document.addEventListener("htmx:load", function (event) {
    if (event.target !== document.body) enhance(event.target);
  });
  var errors = document.getElementById("form-errors");
  if (errors) errors.focus();
})();
