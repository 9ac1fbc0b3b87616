export { type ClientProofs, createClientProofs } from './client-proofs.ts';
export { type DpopProof, type ExpectedProof, readDpopProof } from './dpop-proof.ts';
export { createPostgresProofStore, usedProofsSql } from './postgres-proof-store.ts';
export { proofAlgorithms } from './proof-key.ts';
export { type ProofReplays, type ProofStore, replaysInMemory, replaysInStore } from './proof-replays.ts';
export { createRedisProofStore } from './redis-proof-store.ts';
