// Stands in for a D1 database: SQLite in an object on disk, behind the requests that the runtime's binding makes.
// `/__script` runs a migration, `/__stats` tells how many rows were written.

import { DurableObject } from 'cloudflare:workers';

export class Database extends DurableObject {
  rowsWritten = 0;
  rowsRead = 0;

  run({ sql, params }) {
    const cursor = this.ctx.storage.sql.exec(sql, ...(params ?? []));
    const rows = [...cursor.raw()];
    this.rowsWritten += cursor.rowsWritten;
    this.rowsRead += cursor.rowsRead;
    const meta = { duration: 0, rows_read: cursor.rowsRead, rows_written: cursor.rowsWritten };
    return { success: true, results: { columns: cursor.columnNames, rows }, meta };
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/__stats') return Response.json({ rowsWritten: this.rowsWritten, rowsRead: this.rowsRead });
    try {
      if (pathname === '/__script') {
        this.ctx.storage.sql.exec(await request.text());
        return new Response();
      }
      const statements = [await request.json()].flat();
      return Response.json(this.ctx.storage.transactionSync(() => statements.map((statement) => this.run(statement))));
    } catch (error) {
      return Response.json({ success: false, error: String(error.message ?? error) });
    }
  }
}

export default {
  fetch(request, env) {
    return env.DATABASE.get(env.DATABASE.idFromName('d1')).fetch(request);
  },
};
