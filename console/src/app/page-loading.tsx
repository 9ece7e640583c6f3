import { Skeleton } from '../components/skeleton.js';

export function PageLoading() {
  return <Skeleton rows={8} />;
}
