// The leads of the bench: every one a person of their own, at the companies of the sample directory or at
// companies that nobody knows.

const TITLES = ['Director of Revenue Operations', 'VP Sales', 'Head of Marketing', 'Account Manager', 'CTO', 'Analyst'];
const FORMS = ['demo', 'contact', 'pricing', 'webinar'];

/** A function from the number of a lead to its body. `domains` empty: each lead at a company of its own. */
export function bodies({ domains, run }) {
  return (number) => {
    const domain = domains.length > 0 ? domains[number % domains.length] : `c${number}.${run}-bench.example`;
    const title = TITLES[number % TITLES.length];
    const form = FORMS[number % FORMS.length];
    return `{"email":"p${number}.${run}@${domain}","first_name":"Sam","last_name":"Sample${number}","title":"${title}",`
      + `"country":"US","region":"CA","language":"en","phone":"+1 202 555 0143","form":"${form}","source":"google_ads",`
      + `"message":"We need a replacement for our current tool by the end of the quarter, for about forty people.",`
      + `"utm":{"source":"google","medium":"cpc","campaign":"brand-us","term":"lead routing","content":"headline-b"}}`;
  };
}
