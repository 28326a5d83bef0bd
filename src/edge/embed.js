// Upgrades the forms of a page that post to this router; without it they post by themselves. See docs/FORMS.md.
// Served without comments and indentation, and kept below 2 KB compressed: every visitor of the page loads it.
{
  const home = new URL('/forms/', document.currentScript.src).href;
  const states = new WeakMap();
  const words = (form, name, usual) => form.getAttribute('data-' + name.replace(/_/g, '-')) || usual;
  const make = (tag, rest) => Object.assign(document.createElement(tag), rest);

  // What is known of a form of ours. The place where progress is told has to be there before anything is said in it:
  // `output` is a live region.
  const of = (form) => {
    const url = form && new URL(form.getAttribute('action') || '', location).href;
    if (!url?.startsWith(home)) return;
    if (!states.has(form)) {
      const own = { url, status: make('output'), undo: [] };
      form.append(own.status);
      form.addEventListener('input', () => { own.key = 0; });
      states.set(form, own);
    }
    return states.get(form);
  };

  const read = (form, button) => {
    const lead = {};
    const data = [...new FormData(form)];
    if (button?.name) data.push([button.name, button.value]);
    for (const [name, value] of data) {
      if (typeof value == 'string') lead[name] = lead[name] ? lead[name] + ', ' + value : value;
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

  const show = (form, { status, undo }, problems) => {
    for (const { path, code, message } of problems) {
      const found = form.elements[path];
      const field = found?.tagName ? found : found?.[0];
      const textContent = words(form, code, message);
      if (!field || field.type == 'hidden') {
        status.append(textContent + ' ');
        continue;
      }
      const by = field.getAttribute('aria-describedby') || '';
      const note = make('p', { className: 'lr-error', id: 'lr-' + Math.random(), textContent });
      const mark = (invalid, by) => {
        field.setAttribute('aria-invalid', invalid);
        field.setAttribute('aria-describedby', by);
      };
      field.after(note);
      mark(true, by + ' ' + note.id);
      undo.push(() => (note.remove(), mark(false, by)));
    }
    form.querySelector('[aria-invalid=true]')?.focus();
  };

  addEventListener('focusin', ({ target }) => of(target.form));
  addEventListener('submit', async (event) => {
    const { target: form, submitter } = event;
    const own = of(form);
    if (!own || event.defaultPrevented) return;
    event.preventDefault();
    if (own.busy) return;
    const button = submitter || form.querySelector('[type=submit],button');
    const body = read(form, submitter);
    const wait = (busy) => { own.busy = button.disabled = busy; };
    own.undo.splice(0).forEach((it) => it());
    own.key ||= crypto.getRandomValues(new Uint32Array(4)).join('-');
    own.status.textContent = words(form, 'sending', 'Sending…');
    wait(true);
    const headers = { 'content-type': 'application/json', 'idempotency-key': own.key };
    const post = () => fetch(own.url, { method: 'POST', headers, body });
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
    own.status.textContent = error.problems ? '' : error.message;
    show(form, own, error.problems || []);
  });
}
