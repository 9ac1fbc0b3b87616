export { type DpopProof, type ExpectedProof, readDpopProof } from './dpop-proof.ts';
export { proofAlgorithms } from './proof-key.ts';
export { ProofNonces } from './proof-nonces.ts';
export { type ProofReplays, type ProofStore, replaysInMemory, replaysInStore } from './proof-replays.ts';
