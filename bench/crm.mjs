// The CRM bench: a burst of leads through the built Worker into a played CRM (tests/fakes/) that keeps the vendor's limits.
//
//   node bench/crm.mjs [--leads=5000] [--only=hubspot,salesforce]
//
// First everything that the CRM has is read, as the cron does. Then the leads come, and it is counted what the CRM was asked
// until the last one is written. The report goes to stdout. Ends with 1 when a lead is missing or doubled, or a limit was
// exceeded.

import { start, until } from '../tests/edge/kit.mjs';
import { Played } from '../tests/edge/played.mjs';

const option = (name, otherwise) =>
  process.argv.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;
const LEADS = Number(option('leads', 5_000));
const only = option('only', 'hubspot,salesforce').split(',');
/** Senders at a time. */
const SENDERS = 32;
const FIVE_MINUTES = '*/5 * * * *';
const WRITTEN_MS_MAX = 900_000;

const say = (text) => process.stderr.write(`${text}\n`);
const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/** What the played vendors are called with, and where they show what they hold. */
const CRMS = {
  hubspot: {
    settings: (base) => ({ HUBSPOT_BASE_URL: `${base}/hubspot`, HUBSPOT_TOKEN: 'pat-test' }),
    owners: ['77', '78', '79'],
    known: (played, email, owner) => played.change('hubspot', { contact: { email, hubspot_owner_id: owner } }),
    held: ({ contacts, tasks }) => ({
      people: contacts.map((contact) => [contact.email, contact.router_lead_id, contact.hubspot_owner_id]),
      tasks: tasks.map((task) => [task.router_effect_id, task.hubspot_owner_id]),
    }),
    exceeded: ({ exceeded }) => sum(exceeded),
  },
  salesforce: {
    settings: (base) => ({
      SALESFORCE_BASE_URL: `${base}/salesforce`,
      SALESFORCE_CLIENT_ID: '3MVG9.router',
      SALESFORCE_CLIENT_SECRET: 'salesforce-secret',
    }),
    owners: ['005000000000001AAA', '005000000000002AAA', '005000000000003AAA'],
    known: (played, email, owner, index) => {
      // Far from the ids that the played vendor gives.
      const id = `00Q9${String(index).padStart(11, '0')}AAA`;
      const fields = { Id: id, Email: email, LastName: 'There', Company: 'Before', OwnerId: owner };
      return played.change('salesforce', { put: { type: 'Lead', fields } });
    },
    held: ({ records }) => ({
      people: records.Lead.map((lead) => [lead.Email, lead.Router_Lead_Id__c, lead.OwnerId]),
      tasks: records.Task.map((task) => [task.Router_Effect_Id__c, task.OwnerId]),
    }),
    exceeded: () => 0,
  },
};

/** Every twentieth lead is of somebody whom the CRM knows, with an owner. */
const isKnown = (index) => index % 20 === 0;
const leadOf = (index) => ({
  email: `p${index}@burst-${index}.example`,
  first_name: 'Pat',
  last_name: `Burst${index}`,
  company: `Burst ${index}`,
  employees: 40,
  message: 'Please call me about pricing.',
  form: 'demo',
});

async function burst(kind) {
  const crm = CRMS[kind];
  const played = await Played.start(crm.settings);
  const calls = {};
  played.listen = ({ method, url }) => {
    const name = `${method} ${shape(new URL(url).pathname)}`;
    calls[name] = (calls[name] ?? 0) + 1;
  };
  const world = await start({ provider: played, vars: { CRM: kind } });
  try {
    const reps = crm.owners.map((id, index) => ({ id: `rep-${index}`, name: `Rep ${index}`, crm_ids: { [kind]: id } }));
    const members = reps.map(({ id }) => ({ rep_id: id, weight: 1 }));
    await world.roster({ reps, teams: [{ id: 'smb', name: 'Small business', strategy: 'fair_and_able', members }] });
    const places = Array.from({ length: LEADS }, (_, index) => index);
    for (const index of places.filter(isKnown)) await crm.known(played, leadOf(index).email, crm.owners[index % 3], index);
    say(`- ${kind}: what it has is read`);
    await until(() => readAll(world), 'mirror of everything', 120_000);
    const before = { ...calls };
    say(`- ${kind}: ${LEADS} leads, ${SENDERS} at a time`);
    const started = performance.now();
    const decisions = await sendAll(world, places);
    const decidedS = (performance.now() - started) / 1000;
    say(`  decided after ${decidedS.toFixed(0)} s`);
    const held = await until(() => allWritten(crm, played, kind, decisions), 'every lead in the CRM', WRITTEN_MS_MAX);
    const writtenS = (performance.now() - started) / 1000;
    await world.untilDrained(LEADS, undefined, 120_000);
    const during = Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, count - (before[name] ?? 0)]));
    const { count: dead } = await world.ask('GET', '/v1/dead-letters');
    const state = await played.state(kind);
    const wrong = faults(decisions, held, crm);
    return { kind, decidedS, writtenS, calls: during, dead, wrong, exceeded: crm.exceeded(state), how: counted(decisions) };
  } finally {
    await world.close();
  }
}

/** A path without ids. */
const shape = (path) => path.replace(/^\/[a-z]+/, '').replace(/\/[^/]*@[^/]*|\/[A-Za-z0-9]{15,}/g, '/{id}');

/** Runs the cron until everything was read; whether it was. */
async function readAll(world) {
  const worker = await world.mf.getWorker('lead-router');
  await worker.scheduled({ cron: FIVE_MINUTES });
  const { checks } = await world.ask('GET', '/v1/doctor');
  return checks.find(({ name }) => name === 'snapshot').message?.endsWith('everything before that was read');
}

async function sendAll(world, places) {
  const decisions = [];
  const left = [...places].reverse();
  const sender = async () => {
    while (left.length > 0) {
      const index = left.pop();
      const answer = await world.post(leadOf(index));
      if (answer.status !== 200) throw new Error(`a lead got ${answer.status}: ${answer.text}`);
      decisions[index] = answer.body;
      if (index % 500 === 499) say(`  sent: ${index + 1}`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return decisions;
}

async function allWritten(crm, played, kind, decisions) {
  const held = crm.held(await played.state(kind));
  const owned = held.people.filter(([, id]) => id).length;
  say(`  in the CRM: ${owned} people, ${held.tasks.length} tasks`);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return owned >= decisions.length && held.tasks.length >= decisions.length && held;
}

/** Leads that the CRM does not have exactly once, with the owner that was decided. */
function faults(decisions, held, crm) {
  const people = Map.groupBy(held.people, ([email]) => email);
  const tasks = Map.groupBy(held.tasks, ([effect]) => effect);
  return decisions.filter(({ lead_id: id, decision_id: effect, assignment }, index) => {
    const owner = crm.owners[Number(assignment.rep_id.at(-1))];
    const [person, ...others] = people.get(leadOf(index).email) ?? [];
    const [task, ...more] = tasks.get(effect) ?? [];
    const isRight = person?.[1] === id && person[2] === owner && task?.[1] === owner;
    const isOwners = !isKnown(index) || owner === crm.owners[index % 3];
    return !(isRight && isOwners && others.length === 0 && more.length === 0);
  }).length;
}

function counted(decisions) {
  const counts = {};
  for (const { enrichment } of decisions) counts[enrichment.crm] = (counts[enrichment.crm] ?? 0) + 1;
  return counts;
}

const results = [];
for (const kind of only) results.push(await burst(kind));
console.log(`\n## ${LEADS} leads at once into a CRM\n`);
console.log('| CRM | decided after | in the CRM after | calls | a lead | leads missing, doubled or with another owner | limit exceeded | dead letters |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const { kind, decidedS, writtenS, calls, wrong, exceeded, dead } of results) {
  const all = sum(calls);
  console.log(
    `| ${kind} | ${decidedS.toFixed(0)} s | ${writtenS.toFixed(0)} s | ${all} | ${(all / LEADS).toFixed(3)} | ${wrong} | ${exceeded} | ${dead} |`,
  );
}
for (const { kind, calls, how } of results) {
  console.log(`\n${kind}; where the decisions knew it from: ${JSON.stringify(how)}\n`);
  for (const [name, count] of Object.entries(calls).sort(([, one], [, other]) => other - one)) {
    if (count > 0) console.log(`- ${count} ${name}`);
  }
}
if (results.some(({ wrong, exceeded, dead }) => wrong + exceeded + dead > 0)) process.exitCode = 1;
