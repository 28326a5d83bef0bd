/**
 * The vendors whose webhooks only name a lead, as they are documented: HubSpot's contacts, Meta's Graph API and
 * LinkedIn's form responses by id. Each refuses another token than its own and can fail with a status.
 */
import { Response } from 'miniflare';

export const TOKENS = { HUBSPOT_TOKEN: 'pat-of-the-test', META_TOKEN: 'EAA/of the test', LINKEDIN_TOKEN: 'AQX-of-the-test' };

export class Vendors {
  /** Records by id: properties of contacts, fields of Meta's leads, answers of responses. */
  constructor({ contacts = {}, leads = {}, responses = {} } = {}) {
    Object.assign(this, { contacts, leads, responses });
    this.settings = { ...TOKENS };
    this.calls = [];
    this.statuses = [];
    this.latencyMs = 0;
  }

  release() {}

  async answer(request) {
    const url = new URL(request.url);
    this.calls.push(url);
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    const status = this.statuses.shift() ?? 200;
    if (status !== 200) return Response.json({ status: 'error' }, { status });
    const bearer = request.headers.get('authorization');
    const id = url.pathname.split('/').at(-1);
    if (url.pathname.startsWith('/crm/objects/2026-03/contacts/')) {
      if (bearer !== `Bearer ${TOKENS.HUBSPOT_TOKEN}`) return Response.json({ status: 'error' }, { status: 401 });
      return contact(this.contacts, id, url.searchParams.get('properties').split(','));
    }
    if (url.host === 'graph.facebook.com') {
      if (url.searchParams.get('access_token') !== TOKENS.META_TOKEN) return graphError(190);
      const fields = this.leads[id];
      if (!fields) return graphError(100);
      const data = Object.entries(fields).map(([name, value]) => ({ name, values: [value] }));
      return Response.json({ id, created_time: '2026-01-02T03:04:05+0000', form_id: '800', field_data: data });
    }
    if (url.pathname.startsWith('/rest/leadFormResponses/')) {
      const version = request.headers.get('linkedin-version');
      if (bearer !== `Bearer ${TOKENS.LINKEDIN_TOKEN}` || !/^\d{6}$/.test(version)) return Response.json({}, { status: 401 });
      return this.responses[id] ? Response.json(response(id, this.responses[id])) : Response.json({}, { status: 404 });
    }
    throw new Error(`nobody answers at ${url.host}${url.pathname}`);
  }
}

function contact(contacts, id, wanted) {
  const known = contacts[id];
  if (!known) return Response.json({ status: 'error', category: 'OBJECT_NOT_FOUND' }, { status: 404 });
  // Every property that was asked for is there, with null when it is empty; no other is.
  const properties = Object.fromEntries(wanted.map((name) => [name, known[name] ?? null]));
  return Response.json({ id, properties, createdAt: '2026-01-02T03:04:05Z', updatedAt: '2026-01-02T03:04:05Z', archived: false });
}

function graphError(code) {
  return Response.json({ error: { message: 'as documented', type: 'OAuthException', code, fbtrace_id: 'x' } }, { status: 400 });
}

function response(id, fields) {
  const entries = Object.entries(fields);
  const text = { textQuestionDetails: { maxResponseLength: 300 } };
  const questions = entries.map(([predefinedField], index) => {
    return { questionId: index, name: predefinedField, predefinedField, questionDetails: text };
  });
  const answers = entries.map(([, answer], index) => ({ questionId: index, answerDetails: { textQuestionAnswer: { answer } } }));
  return { id, submittedAt: 1767323045000, testLead: false, formResponse: { answers }, form: { id: 1, name: 'Demo', content: { questions } } };
}
