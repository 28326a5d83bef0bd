// Stands in for the providers of company and person data: one answer to every question, at once.

const COMPANY = {
  status: 200,
  name: 'sample company',
  display_name: 'Sample Company',
  size: '201-500',
  employee_count: 320,
  industry: 'computer software',
  location: { country: 'united states', region: 'california' },
  likelihood: 8,
};
const PERSON = {
  status: 200,
  likelihood: 8,
  data: {
    job_title: 'vp sales',
    job_title_role: 'sales',
    job_title_levels: ['vp'],
    job_company_name: 'sample company',
    job_company_size: '201-500',
    job_company_industry: 'computer software',
    location_country: 'united states',
  },
};

export default {
  fetch(request) {
    return Response.json(request.url.includes('person') ? PERSON : COMPANY);
  },
};
