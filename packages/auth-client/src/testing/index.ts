export type { MintOverrides } from './mint.ts';
export { createProver, type ProofOverrides, type ProofRequest, type Prover } from './prover.ts';
export { createSigningKey, type SigningKey } from './signing-key.ts';
export {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
} from './test-issuer.ts';
export type { TestClient, TestDelegation } from './token-endpoint.ts';
