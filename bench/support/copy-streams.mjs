// COPY between a database and files, for what `pg` itself refuses.
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { once } from 'node:events';

/** Writes the rows of a query to a file. @returns how many bytes that were */
export async function copyOut(client, query, file) {
  const descriptor = openSync(file, 'w');
  let bytes = 0;
  try {
    await submitted(client, `COPY (${query}) TO STDOUT`, {
      handleCopyData: ({ chunk }) => void (bytes += writeSync(descriptor, chunk)),
    });
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

/** Writes the rows of a file to a table. */
export async function copyIn(client, table, columns, file) {
  await submitted(client, `COPY ${table} (${columns.join(', ')}) FROM STDIN`, {
    handleCopyInResponse: async (connection) => {
      for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
        connection.sendCopyFromChunk(chunk);
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
      }
      connection.endCopyFrom();
    },
  });
}

function submitted(client, text, handlers) {
  return new Promise((done, fail) => {
    client.query({
      submit: (connection) => connection.query(text),
      handleCommandComplete: () => undefined,
      handleError: fail,
      handleReadyForQuery: done,
      ...handlers,
    });
  });
}
