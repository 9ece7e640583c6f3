import { api } from '../api/client.js';
import type { ExportFormat } from '../api/schema.js';

/** Has the browser save the file. @throws ApiProblem, Unreachable */
export async function exportPeople(ids: string[], format: ExportFormat): Promise<void> {
  const { data } = await api.POST('/users/export', { body: { ids, format }, parseAs: 'blob' });
  const url = URL.createObjectURL(data as unknown as Blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = `people.${format}`;
  link.click();
  // After the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
