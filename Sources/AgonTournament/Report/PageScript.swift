import Crypto
import Foundation

/// The page's only script: sorting, filtering and the meeting of two, on what the page holds already.
///
/// It is a constant. The content policy names its hash, so nothing else runs, whatever a model wrote. Without scripts the
/// page reads as it is: the controls are made by the script.
enum PageScript {
    /// The content policy: nothing is loaded, and this script alone runs.
    static let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(hash)'"

    static let hash = hash(of: source)

    /// What the policy calls a script by.
    static func hash(of script: String) -> String { Data(SHA256.hash(data: Data(script.utf8))).base64EncodedString() }

    /// Never `</`, which would end the element.
    static let source = """
        (function () {
          "use strict";
          var doc = document;
          function make(tag, attributes, text, parent) {
            var element = doc.createElement(tag);
            Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
            if (text) element.textContent = text;
            if (parent) parent.appendChild(element);
            return element;
          }
          function all(selector, root) { return Array.prototype.slice.call((root || doc).querySelectorAll(selector)); }
          var main = doc.querySelector("main");
          var status = make("p", { "class": "unseen", role: "status" }, "", main);
          function number(cell) {
            var digits = cell.textContent.replace(/\\u2212/g, "-").replace(/,/g, "").match(/-?\\d+(\\.\\d+)?/);
            return digits ? parseFloat(digits[0]) : -Infinity;
          }
          function sort(table, column, direction, isNumber) {
            var body = table.tBodies[0];
            var rows = table.natural.map(function (row, index) {
              var cell = row.cells[column];
              return { row: row, index: index, key: isNumber ? number(cell) : cell.textContent.trim() };
            });
            if (direction) rows.sort(function (a, b) {
              var order = isNumber ? (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
                : a.key.localeCompare(b.key, undefined, { numeric: true });
              return direction * order || a.index - b.index;
            });
            rows.forEach(function (entry) { body.appendChild(entry.row); });
          }
          all("table.sortable").forEach(function (table) {
            table.natural = all("tr", table.tBodies[0]);
            all("thead th", table).forEach(function (head, column) {
              if (head.hasAttribute("data-fixed")) return;
              var isNumber = head.classList.contains("n");
              var button = make("button", { type: "button" }, head.textContent);
              var title = head.textContent;
              head.textContent = "";
              head.appendChild(button);
              button.addEventListener("click", function () {
                var first = isNumber ? -1 : 1;
                var next = head.direction === first ? -first : head.direction === -first ? 0 : first;
                all("thead th", table).forEach(function (other) { other.direction = 0; other.removeAttribute("aria-sort"); });
                head.direction = next;
                if (next) head.setAttribute("aria-sort", next > 0 ? "ascending" : "descending");
                sort(table, column, next, isNumber);
                status.textContent = next ? "Sorted by " + title + (next > 0 ? ", ascending." : ", descending.") : "In the order of the ratings.";
              });
            });
          });
          var names = all("table.board tbody tr").map(function (row) { return row.getAttribute("data-agent"); });
          var tools = make("div", { "class": "tools", role: "search" }, "");
          main.insertBefore(tools, main.firstChild);
          var label = make("label", { "for": "filter" }, "Show agents whose name has", tools);
          var filter = make("input", { id: "filter", type: "search", autocomplete: "off" }, "", label);
          filter.addEventListener("input", function () {
            var text = filter.value.trim().toLowerCase(), count = 0;
            function isOut(name) { return text !== "" && name !== null && name.toLowerCase().indexOf(text) < 0; }
            all("[data-agent]").forEach(function (element) { element.hidden = isOut(element.getAttribute("data-agent")); });
            all("table.board tbody tr").forEach(function (row) { count += row.hidden ? 0 : 1; });
            all("table.heat").forEach(function (table) {
              all("thead th", table).forEach(function (head, column) {
                var out = isOut(head.getAttribute("data-column"));
                all("tr", table).forEach(function (row) { row.cells[column].hidden = out; });
              });
            });
            status.textContent = count + " of " + names.length + " agents are shown.";
          });
          var data = doc.getElementById("pairs");
          if (!data || names.length < 2) return;
          var meetings = {};
          data.getAttribute("data-pairs").split(";").forEach(function (entry) {
            var part = entry.split(" ");
            if (part.length > 5) meetings[part[0] + " " + part[1]] = part.slice(2).map(Number);
          });
          var panel = make("div", { "class": "meeting" }, "");
          data.parentNode.insertBefore(panel, data);
          make("h3", {}, "Two against one another", panel);
          function choice(id, text, selected) {
            var label = make("label", { "for": id }, text, panel);
            var select = make("select", { id: id }, "", label);
            names.forEach(function (name, index) {
              var option = make("option", { value: index }, name, select);
              option.selected = index === selected;
            });
            select.addEventListener("change", show);
            return select;
          }
          var one = choice("meeting-one", "Agent", 0), other = choice("meeting-other", "against", 1);
          var result = make("p", { id: "meeting", role: "status" }, "", panel);
          var rooms = make("ul", { "class": "claims" }, "", panel);
          function percent(thousandths) { return (thousandths / 10).toFixed(1) + "%"; }
          function show() {
            var a = Number(one.value), b = Number(other.value), turned = a > b;
            var found = meetings[turned ? b + " " + a : a + " " + b];
            rooms.textContent = "";
            if (a === b) { result.textContent = "Choose two agents."; return; }
            if (!found) { result.textContent = names[a] + " and " + names[b] + " have not met."; return; }
            var wins = turned ? found[2] : found[0], losses = turned ? found[0] : found[2];
            var games = wins + found[1] + losses, score = (wins + found[1] / 2) / games * 1000;
            var expected = found[3] < 0 ? "" : "; the ratings expect " + percent(turned ? 1000 - found[3] : found[3]);
            result.textContent = names[a] + " against " + names[b] + ": " + wins + " won, " + found[1] + " drawn, " + losses
              + " lost; score " + percent(score) + expected + ".";
            all("article.room").forEach(function (room) {
              var seats = (room.getAttribute("data-seats") || "").split(" ");
              if (seats.indexOf(String(a)) < 0 || seats.indexOf(String(b)) < 0) return;
              make("a", { href: "#" + room.id }, room.querySelector("h3").textContent, make("li", {}, "", rooms));
            });
          }
          all("table.heat tbody tr").forEach(function (row) {
            all("td[data-pair]", row).forEach(function (cell) {
              var part = cell.getAttribute("data-pair").split(" ");
              var text = cell.querySelector("span");
              var button = make("button", { type: "button", title: names[part[0]] + " against " + names[part[1]] }, text.textContent);
              cell.replaceChild(button, text);
              button.addEventListener("click", function () {
                one.value = part[0];
                other.value = part[1];
                show();
                panel.scrollIntoView({ block: "nearest" });
              });
            });
          });
          show();
        })();

        """
}
