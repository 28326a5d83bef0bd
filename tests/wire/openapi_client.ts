// What a program of a user looks like; tests/wire/openapi_client.test.mjs compiles it.
import type { components, operations, paths } from "./router";

type Schemas = components["schemas"];
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Answer<Name extends keyof operations, Status extends keyof operations[Name]["responses"]> = Json<operations[Name]["responses"][Status]>;
type Sent<Path extends keyof paths, Method extends keyof paths[Path]> = paths[Path][Method] extends { requestBody: infer Body } ? Json<Body> : never;

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(new URL(path, "https://router.example"), { method, body: JSON.stringify(body) });
  if (answer.ok) return (await answer.json()) as T;
  const { error } = (await answer.json()) as Schemas["Error"];
  const problems = (error.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
  throw new Error([error.code, error.message, ...problems].join("\n"));
}

export async function write(): Promise<string[]> {
  const lead: Sent<"/v1/leads", "post"> = { email: "jo@acme.example", company: "Acme" };
  const decision = await call<Answer<"postLead", 200>>("POST", "/v1/leads", lead);
  const team: Sent<"/v1/teams/{id}", "put"> = { strategy: "weighted", members: [{ rep_id: "jo" }] };
  const written = await call<Answer<"putTeam", 200>>("PUT", "/v1/teams/smb", team);
  const rep: Sent<"/v1/reps/{id}", "put"> = { name: "Jo", hours: [{ days: ["mon"], from: "09:00", to: "17:00" }] };
  await call<Answer<"putRep", 200>>("PUT", "/v1/reps/jo", rep);
  const weights: number[] = written.members.map(({ weight }) => weight);
  const who: string = decision.assignment?.rep_name ?? decision.outcome;
  return [who, ...decision.reasons.map(({ text }) => text), String(weights)];
}

export async function read(): Promise<string[]> {
  const lead = await call<Answer<"getLead", 200>>("GET", "/v1/leads/x");
  const { decisions, next_cursor } = await call<Answer<"listDecisions", 200>>("GET", "/v1/decisions");
  const { events } = await call<Answer<"listEvents", 200>>("GET", "/v1/events");
  const { reps } = await call<Answer<"listReps", 200>>("GET", "/v1/reps");
  const { dead_letters } = await call<Answer<"listDeadLetters", 200>>("GET", "/v1/dead-letters");
  const { checks } = await call<Answer<"doctor", 200>>("GET", "/v1/doctor");
  const { providers, circuits_open } = await call<Answer<"listProviders", 200>>("GET", "/v1/providers");
  const given: number[] = reps.map((rep) => rep.given_today ?? 0);
  const kinds: Schemas["AuditEventKind"][] = events.map(({ kind }) => kind);
  const calls: number = providers.reduce((sum, provider) => sum + provider.calls + (circuits_open[provider.id] ?? 0), 0);
  return [
    lead.state, ...lead.timeline.map(({ event, at }) => `${event} ${at}`), ...decisions.map(({ outcome, ms }) => `${outcome} ${ms}`),
    next_cursor ?? "", ...kinds, ...dead_letters.map(({ code, message }) => `${code} ${message}`),
    ...checks.map(({ name, status }) => `${name} ${status}`), String(given), String(calls),
  ];
}
