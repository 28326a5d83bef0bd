/** Leads of people who do not exist. */

let count = 0;

/** A lead of a new person at a new company of twenty people, for the team `smb`. */
export function newLead(fields = {}) {
  count += 1;
  return {
    email: `quentina.${count}@firm-${count}.example`,
    first_name: 'Quentina',
    last_name: `Zwingli-${count}`,
    company: `Firm ${count}`,
    title: 'Office Manager',
    country: 'US',
    employees: 20,
    message: `Call me about parcel ${count}, please.`,
    source: 'website',
    form: 'contact',
    ...fields,
  };
}

/** A moment so many days ago. */
export function daysAgo(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}
