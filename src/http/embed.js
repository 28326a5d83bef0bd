// Upgrades the forms of a page that post to this router; without it they post by themselves. See docs/FORMS.md.
// What is served is `embed.min.js`, made of this file by `node scripts/embed.mjs`: every visitor of the page loads it.
{
  const home = new URL('/forms/', document.currentScript.src).href;
  const states = new WeakMap();
  const words = (form, name, usual) => form.getAttribute('data-' + name.replaceAll('_', '-')) || usual;
  const make = (tag, rest) => Object.assign(document.createElement(tag), rest);

  // What is known of a form of ours. The place where progress is told has to be there before anything is said in it:
  // `output` is a live region.
  const of = (form) => {
    const url = form && new URL(form.getAttribute('action') || '', location).href;
    if (!url?.startsWith(home)) return;
    let own = states.get(form);
    if (!own) {
      states.set(form, own = { url, out: make('output'), undo: [] });
      form.append(own.out);
      form.addEventListener('input', () => own.key = 0);
    }
    return own;
  };

  const read = (form, button) => {
    const lead = {};
    // A file cannot be trimmed, and is left out.
    for (const [name, value] of new FormData(form, button)) {
      if (value.trim) lead[name] = lead[name] ? lead[name] + ', ' + value : value;
    }
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (/^utm_/.test(name)) lead[name] ||= value;
    }
    lead.page ||= location.origin + location.pathname;
    lead.referrer ||= document.referrer.split('?')[0];
    return JSON.stringify(lead);
  };

  const done = (form, { booking_url: href, thanks_url: thanks, rep_name: rep }) => {
    if (thanks && !href) return location.assign(thanks);
    const box = make('div', { tabIndex: -1 });
    box.append(make('p', { textContent: words(form, 'thanks', 'Thank you. Your message has arrived.') }));
    if (href) box.append(make('a', { href, textContent: words(form, 'book', 'Choose a time with ' + rep) }));
    form.replaceWith(box);
    box.focus();
  };

  const show = (form, { out, undo }, { path, code, message }) => {
    const found = form.elements[path];
    // A select has elements of its own; of radio buttons the first one counts.
    const field = found?.type ? found : found?.[0];
    const textContent = words(form, code, message);
    if (!field || field.type == 'hidden') return out.append(textContent + ' ');
    const by = field.getAttribute('aria-describedby') || '';
    const note = make('p', { className: 'lr-error', id: 'lr-' + Math.random(), textContent });
    const mark = (invalid, by) => {
      field.setAttribute('aria-invalid', invalid);
      field.setAttribute('aria-describedby', by);
    };
    field.after(note);
    mark(true, by + ' ' + note.id);
    undo.push(() => (note.remove(), mark(false, by)));
  };

  addEventListener('focusin', ({ target }) => of(target.form));
  addEventListener('submit', async (event) => {
    const { target: form, submitter } = event;
    const own = of(form);
    if (!own || event.defaultPrevented) return;
    event.preventDefault();
    if (own.busy) return;
    const { url, out } = own;
    const button = submitter || form.querySelector('[type=submit],button') || make('button');
    const body = read(form, submitter);
    const wait = (busy) => { own.busy = button.disabled = busy; };
    for (const undo of own.undo.splice(0)) undo();
    own.key ||= crypto.getRandomValues(new Uint32Array(4)).join('-');
    out.textContent = words(form, 'sending', 'Sending…');
    wait(true);
    const headers = { 'content-type': 'application/json', 'idempotency-key': own.key };
    const post = () => fetch(url, { method: 'POST', headers, body });
    let error = { message: words(form, 'failed', 'That did not work. Please send it again.') };
    try {
      const answer = await post().catch(post);
      const told = await answer.json();
      if (answer.ok) return done(form, told);
      if (answer.status < 500) error = told.error;
    } catch {}
    wait(false);
    window.turnstile?.reset();
    button.focus();
    out.textContent = error.problems ? '' : error.message;
    for (const problem of error.problems || []) show(form, own, problem);
    form.querySelector('[aria-invalid=true]')?.focus();
  });
}
