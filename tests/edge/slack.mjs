/** The played Slack and Resend as tests of the built Worker use them: three reps who are told there, and what they read. */
import { until } from './kit.mjs';
import { Played } from './played.mjs';

export const PUBLIC_URL = 'https://leads.acme.example';

/** Slack users of the reps: Ann and Ben get leads, Cy is a colleague of another team. */
export const USERS = { ann: 'U001', ben: 'U002', cy: 'U003' };
export const NAMES = { ann: 'Ann', ben: 'Ben', cy: 'Cy' };
export const conversation = (rep) => USERS[rep].replace('U', 'D');
/** The other of the two who get leads. */
export const other = (rep) => (rep === 'ann' ? 'ben' : 'ann');

export const playSlack = () =>
  Played.start((base) => ({
    PUBLIC_URL,
    SLACK_BOT_TOKEN: 'xoxb-played',
    SLACK_SIGNING_SECRET: 'slack_signing_secret',
    SLACK_BASE_URL: `${base}/slack/api`,
    RESEND_API_KEY: 're_played',
    RESEND_BASE_URL: `${base}/resend`,
    NOTIFY_FROM: 'Leads <leads@acme.example>',
  }));

export async function teams(world) {
  const reps = Object.entries(USERS).map(([id, slack_id]) => {
    return { id, name: NAMES[id], slack_id, email: `${id}@acme.example` };
  });
  const members = (...ids) => ids.map((rep_id) => ({ rep_id, weight: 1 }));
  const both = [
    { id: 'smb', name: 'Small business', strategy: 'fair_and_able', members: members('ann', 'ben') },
    { id: 'partners', name: 'Partners', strategy: 'fair_and_able', members: members('cy') },
  ];
  await world.roster({ reps, teams: both });
}

/** Messages about a lead, each with its place in Slack's list and what it tells, such as `1-assigned`. */
export async function messagesAbout(played, id) {
  const all = (await played.state('slack')).messages.map((message, place) => {
    return { ...message, place, effect: message.metadata.event_payload.id };
  });
  const own = all.filter(({ effect }) => effect.startsWith(`${id}-`));
  return own.map((message) => ({ ...message, effect: message.effect.slice(id.length + 1) }));
}

/** The message of a decision to the rep who has the lead. */
export function untilTold(played, id, attempt = 1) {
  const find = async () => (await messagesAbout(played, id)).find(({ effect }) => effect === `${attempt}-assigned`);
  return until(find, 'message', 30_000);
}

/** Waits until the history says through what a lead was told, such as `slack`. */
export function untilNoted(world, id, system) {
  const find = async () => (await world.history(id, 'notified')).filter(({ detail }) => detail.system === system);
  return until(async () => (await find()).length > 0 && find(), `told by ${system} in the history`, 30_000);
}

const elements = (message, type) => message.blocks.filter((entry) => entry.type === type).flatMap((entry) => entry.elements);

/** Names of the buttons of a message. */
export const buttons = (message) => elements(message, 'actions').map(({ action_id }) => action_id);
/** What stands below a message that was answered. */
export const closing = (message) => elements(message, 'context').map(({ text }) => text);
/** A text without the breaks that keep it from being a link. */
export const plain = (text) => text.replaceAll('\u200b', '');
