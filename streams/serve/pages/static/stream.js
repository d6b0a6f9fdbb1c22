// What changes, as the server sends it: reconnects by itself, within 3 seconds, from where it was.
//
// The browser's own EventSource gives up where it is answered with an error (a proxy whose server
// is being restarted), so it is opened anew here. A browser has six connections for all tabs of a
// server without HTTP/2, so a tab that need not ring listens only while it is seen.

const AGAIN = 2_000;

export class Stream {
  // event: names of /v1/stream, by comma. on: { change(record), ready(), lost() }.
  // whileHidden: whether it listens while nobody sees the tab.
  constructor(event, on, { whileHidden = true } = {}) {
    this.event = event;
    this.on = on;
    this.last = "";
    if (!whileHidden) {
      document.addEventListener("visibilitychange", () => {
        if (document.hidden) this.rest();
        else if (!this.source) this.connect();
      });
    }
    if (whileHidden || !document.hidden) this.connect();
  }

  // Listen no more until connected again, from where it was.
  rest() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  connect() {
    this.rest();
    const from = this.last ? `&last_event_id=${encodeURIComponent(this.last)}` : "";
    const source = new EventSource(`/v1/stream?topics=${this.event}${from}`);
    this.source = source;
    const listen = (name, call) => source.addEventListener(name, (event) => {
      if (event.lastEventId) this.last = event.lastEventId;
      call(event);
    });
    for (const name of this.event.split(",")) {
      listen(name, (event) => this.on.change(JSON.parse(event.data)));
    }
    listen("ready", () => this.on.ready());
    listen("resync", () => this.on.ready()); // something was missed: what is shown is read anew
    source.onerror = () => {
      if (this.source !== source) return;
      this.on.lost();
      source.close();
      this.timer = setTimeout(() => this.connect(), AGAIN);
    };
  }
}
