/** The markup of the page at `/docs`. Every part is reached and used by keyboard, in reading order. */
export const guideMarkup = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>SION: objects over HTTP</title>
<link rel="icon" href="data:,">
<style>%STYLE%</style>
</head>
<body>
<a class="skip" href="#try">Skip to the form</a>
<header class="top">
  <div class="bar">
    <p class="brand"><span aria-hidden="true">◇</span> SION</p>
    <p class="state" id="state" role="status">…</p>
    <nav aria-label="Parts of this page">
      <a href="#try">Try it</a><a href="#keys">Keys</a><a href="#reference">Reference</a><a href="/openapi.json">openapi.json</a>
    </nav>
  </div>
</header>
<main>
<section class="intro">
  <h1>Objects over HTTP</h1>
  <p id="summary"></p>
</section>

<section id="try" aria-labelledby="try-title">
  <h2 id="try-title">Try it</h2>
  <div class="columns">
    <form id="form" class="card" autocomplete="off">
      <fieldset class="methods">
        <legend>Request</legend>
        <label><input type="radio" name="method" value="PUT" checked><span>PUT</span></label>
        <label><input type="radio" name="method" value="GET"><span>GET</span></label>
        <label><input type="radio" name="method" value="HEAD"><span>HEAD</span></label>
        <label><input type="radio" name="method" value="PATCH"><span>PATCH</span></label>
        <label><input type="radio" name="method" value="DELETE"><span>DELETE</span></label>
      </fieldset>
      <p class="hint" id="method-hint" aria-live="polite"></p>
      <label class="field">Key
        <input id="key" name="key" value="greetings/hello" spellcheck="false" autocapitalize="off">
      </label>
      <div data-for="PUT">
        <label class="field">Value
          <textarea id="value" rows="4" spellcheck="false">Hello from the browser</textarea>
        </label>
        <label class="field">or a file
          <input id="file" type="file">
        </label>
        <label class="field">Content type
          <input id="type" value="text/plain; charset=utf-8" spellcheck="false">
        </label>
      </div>
      <div data-for="PUT PATCH">
        <label class="field">Time to live <small>seconds, or “none”</small>
          <input id="ttl" inputmode="numeric" placeholder="none" spellcheck="false">
        </label>
      </div>
      <div data-for="PUT">
        <label class="field">User metadata <small>one “name: value” per line</small>
          <textarea id="metadata" rows="2" spellcheck="false" placeholder="owner: anna"></textarea>
        </label>
      </div>
      <details>
        <summary>Conditions and range</summary>
        <label class="field">If-Match <small>a tag as ETag gave it, or *</small>
          <input id="if-match" spellcheck="false">
        </label>
        <label class="field">If-None-Match <small>* creates at most once</small>
          <input id="if-none-match" spellcheck="false">
        </label>
        <div data-for="GET">
          <label class="field">Range <small>bytes=0-99, bytes=100-, bytes=-100</small>
            <input id="range" spellcheck="false">
          </label>
        </div>
      </details>
      <p class="actions">
        <button type="submit" class="primary" id="send">Send</button>
        <button type="button" id="stop" hidden>Stop</button>
      </p>
    </form>
    <div class="card answer">
      <div class="row"><h3>As a command</h3><button type="button" id="copy">Copy</button></div>
      <pre id="command" tabindex="0" aria-label="The request as a curl command"></pre>
      <div class="row"><h3>Answer</h3><span id="took"></span></div>
      <div id="answer" role="region" aria-live="polite" aria-label="Answer"><p class="hint">Nothing was sent yet.</p></div>
    </div>
  </div>
</section>

<section id="keys" aria-labelledby="keys-title">
  <h2 id="keys-title">Keys</h2>
  <form id="list-form" class="card inline" autocomplete="off">
    <label class="field">Prefix <input id="prefix" spellcheck="false" autocapitalize="off"></label>
    <label class="field narrow">Delimiter <input id="delimiter" value="/" spellcheck="false"></label>
    <button type="submit" class="primary">List</button>
    <p class="hint" id="trail"></p>
  </form>
  <div class="card table" role="region" aria-label="Keys" tabindex="0">
    <table>
      <thead><tr><th scope="col">Key</th><th scope="col" class="number">Bytes</th><th scope="col">Type</th><th scope="col">Modified</th><th scope="col">Expires</th><th scope="col"><span class="quiet">Actions</span></th></tr></thead>
      <tbody id="rows"></tbody>
    </table>
    <p class="hint" id="list-note" role="status"></p>
    <p class="actions"><button type="button" id="more" hidden>Next page</button></p>
  </div>
</section>

<section id="reference" aria-labelledby="reference-title">
  <h2 id="reference-title">Reference</h2>
  <div id="operations"></div>
  <h3>What refusals say</h3>
  <p>A refusal has a JSON body: <code>{ "error": { "code", "message", "requestId" } }</code>. Codes are stable.</p>
  <dl id="refusals" class="card"></dl>
</section>
</main>
<footer><p>Requests from this page go to this server only.</p></footer>
<noscript><p class="card">This page needs JavaScript; the description itself is at <a href="/openapi.json">/openapi.json</a>.</p></noscript>
<script>%PROGRAM%</script>
</body>
</html>
`;
