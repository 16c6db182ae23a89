// Shows progress; every rule lives in the API.
"use strict";

function sentence(body, fallback) {
  if (body && body.error) return body.error;
  const texts = body ? Object.values(body).flat().filter((text) => typeof text === "string") : [];
  return texts.join(" ") || fallback;
}

function parse(text) {
  try { return JSON.parse(text); } catch { return null; }
}

// Actions that would add a draft beside a signed report ask for confirmation first.
function isSigned(form) { return form.dataset.signed === "true"; }

function mayGoOn(form, question) {
  return !isSigned(form) || confirm(`This case has a signed report, which will not change. ${question}`);
}

document.querySelectorAll("form.upload").forEach((form) => {
  const caseId = document.location.pathname.split("/")[2];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = form.querySelector("input[type=file]").files[0];
    if (!file || !mayGoOn(form, "It will no longer match the series of the case. Upload the series?")) return;
    const bar = form.querySelector("progress");
    const message = form.querySelector(".message");
    const body = new FormData();
    body.append("modality", form.dataset.modality);
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", `/api/cases/${caseId}/upload/${isSigned(form) ? "?force=true" : ""}`);
    bar.hidden = false;
    message.textContent = "Uploading";
    request.upload.addEventListener("progress", (part) => {
      if (part.lengthComputable) bar.value = (100 * part.loaded) / part.total;
      if (part.loaded === part.total) message.textContent = "Checking the image";
    });
    request.addEventListener("load", () => {
      if (request.status === 201) { document.location.reload(); return; }
      bar.hidden = true;
      message.textContent = sentence(parse(request.responseText), "Upload failed.");
    });
    request.addEventListener("error", () => { message.textContent = "Connection lost. Try again."; });
    request.send(body);
  });
});

const start = document.getElementById("start");
if (start) start.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!mayGoOn(start, "A new draft will be added. Run segmentation again?")) return;
  const answer = await fetch("/api/inference/", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ caseId: start.dataset.case, force: isSigned(start) }),
  });
  if (answer.ok) document.location.reload();
  else start.querySelector(".message").textContent = sentence(parse(await answer.text()), "Segmentation could not be started.");
});

const task = document.getElementById("task");
if (task && task.dataset.active === "true") {
  const address = `/api/inference/tasks/${task.dataset.id}/`;
  document.getElementById("cancel")?.addEventListener("click", () => fetch(`${address}cancel/`, { method: "POST" }));
  const show = (state) => {
    task.querySelector(".state").textContent = state.status;
    task.querySelector(".step").textContent = state.current_step || "";
    task.querySelector("progress").value = state.progress_percentage;
    task.querySelector(".percentage").textContent = `${state.progress_percentage} %`;
    const isOver = state.status !== "pending" && state.status !== "running";
    // The report is written a moment after the result.
    if (isOver) setTimeout(() => document.location.reload(), 1500);
    return isOver;
  };
  const poll = async () => {
    const answer = await fetch(address);
    if (answer.status === 401) { document.location.reload(); return; }
    const state = parse(await answer.text());
    if (answer.ok && state && show(state)) return;
    setTimeout(poll, 1000);
  };
  // A browser has few connections to a server, so that hidden tabs keep none open.
  let source = null;
  const follow = () => {
    source = new EventSource(`/api/inference/${task.dataset.id}/events/`);
    source.addEventListener("task", (event) => { if (show(JSON.parse(event.data))) source.close(); });
    source.addEventListener("end", (event) => {
      // After any other end the browser reconnects by itself.
      if (JSON.parse(event.data).reason === "revoked") { source.close(); document.location.reload(); }
    });
    // Closed: the stream was refused, for example because too many are open.
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) poll(); });
  };
  if (window.EventSource) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) source?.close();
      else if (!source || source.readyState === EventSource.CLOSED) follow();
    });
    if (!document.hidden) follow();
  } else setTimeout(poll, 500);
}
