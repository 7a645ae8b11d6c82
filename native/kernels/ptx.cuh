// Inline-PTX helpers and their emulated twins. Nothing else in the project contains asm.
#pragma once
#include "compat.cuh"
#ifdef __CUDACC__
__device__ __forceinline__ void cp_async16(void* smem, const void* g, bool pred) {
  unsigned s = (unsigned)__cvta_generic_to_shared(smem); int n = pred ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" :: "r"(s), "l"(g), "r"(n) : "memory"); }
__device__ __forceinline__ void cp_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
template<int N> __device__ __forceinline__ void cp_wait() { asm volatile("cp.async.wait_group %0;\n" :: "n"(N) : "memory"); }
__device__ __forceinline__ void ldmatrix_x4(unsigned (&r)[4], const void* p) { unsigned s = (unsigned)__cvta_generic_to_shared(p);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n" : "=r"(r[0]),"=r"(r[1]),"=r"(r[2]),"=r"(r[3]) : "r"(s) : "memory"); }
__device__ __forceinline__ void ldmatrix_x4_trans(unsigned (&r)[4], const void* p) { unsigned s = (unsigned)__cvta_generic_to_shared(p);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n" : "=r"(r[0]),"=r"(r[1]),"=r"(r[2]),"=r"(r[3]) : "r"(s) : "memory"); }
// acc[MI][NI] += A[MI] x B[NI] : MI*NI mma.sync.m16n8k16
template<int MI, int NI> __device__ __forceinline__ void mma_tile_bf16(float (&c)[MI][NI][4], const unsigned (&a)[MI][4], const unsigned (&b)[NI][2]) {
  UNROLL for (int i = 0; i < MI; ++i) UNROLL for (int j = 0; j < NI; ++j)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(c[i][j][0]),"+f"(c[i][j][1]),"+f"(c[i][j][2]),"+f"(c[i][j][3])
      : "r"(a[i][0]),"r"(a[i][1]),"r"(a[i][2]),"r"(a[i][3]),"r"(b[j][0]),"r"(b[j][1])); }
__device__ __forceinline__ float warp_sum(float v) { UNROLL for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o); return v; }
__device__ __forceinline__ float warp_max(float v) { UNROLL for (int o = 16; o; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o)); return v; }
// v[k] of lane l (l < W) becomes the sum over lanes l, l+W, l+2W ...
template<int W, int N> __device__ __forceinline__ void warp_fold(float (&v)[N]) { UNROLL for (int k = 0; k < N; ++k) UNROLL for (int o = 16; o >= W; o >>= 1) v[k] += __shfl_down_sync(0xffffffffu, v[k], o); }
#else
template<int W, int N> static void emu_fold_fn(void* const* a, unsigned) { for (int o = 16; o >= W; o >>= 1) for (int l = 0; l < o; ++l) for (int k = 0; k < N; ++k) ((float*)a[l])[k] += ((float*)a[l+o])[k]; }
template<int W, int N> static inline void warp_fold(float (&v)[N], EMU_SITE) { emu_collective(~0u, emu_fold_fn<W,N>, v, file_, line_); }
static inline void cp_async16(void* s, const void* g, bool pred) { emu_cp_async(emu_tid, s, g, 16, pred ? 16 : 0); }
static inline void cp_commit() { emu_cp_commit(emu_tid); }
template<int N> static inline void cp_wait() { emu_cp_wait(emu_tid, N); }
struct EmuLdm { unsigned* r; const void* p; };
template<bool TR> static void emu_ldm_fn(void* const* a, unsigned mask) {
  if (mask != 0xffffffffu) emu_trap(719, "ldmatrix needs a full warp", __FILE__, __LINE__);
  for (int q = 0; q < 4; ++q) { uint16_t m[8][8];
    for (int i = 0; i < 8; ++i) { const void* p = ((EmuLdm*)a[q*8+i])->p; if ((uintptr_t)p & 15) emu_trap(716, "ldmatrix row not 16-byte aligned", __FILE__, __LINE__); memcpy(m[i], p, 16); }
    for (int l = 0; l < 32; ++l) { int r = l >> 2, c = (l & 3) * 2; unsigned lo = TR ? m[c][r] : m[r][c], hi = TR ? m[c+1][r] : m[r][c+1]; ((EmuLdm*)a[l])->r[q] = lo | hi << 16; } } }
static inline void ldmatrix_x4(unsigned (&r)[4], const void* p, EMU_SITE) { EmuLdm x{r,p}; emu_collective(~0u, emu_ldm_fn<false>, &x, file_, line_); }
static inline void ldmatrix_x4_trans(unsigned (&r)[4], const void* p, EMU_SITE) { EmuLdm x{r,p}; emu_collective(~0u, emu_ldm_fn<true>, &x, file_, line_); }
struct EmuMma { float* c; const unsigned* a; const unsigned* b; };
template<int MI, int NI> static void emu_mma_fn(void* const* x, unsigned mask) {
  if (mask != 0xffffffffu) emu_trap(719, "mma needs a full warp", __FILE__, __LINE__);
  alignas(64) float A[MI*16][16], B[16][NI*8], C[MI*16][NI*8];
  auto lo = [](unsigned u) { return emu_bits<float>(u << 16); }; auto hi = [](unsigned u) { return emu_bits<float>(u & 0xffff0000u); };
  for (int l = 0; l < 32; ++l) { const EmuMma* e = (const EmuMma*)x[l]; const int g = l >> 2, t = (l & 3) * 2;
    for (int i = 0; i < MI; ++i) for (int q = 0; q < 4; ++q) { unsigned u = e->a[i*4+q]; float* d = &A[i*16 + g + (q&1)*8][t + (q>>1)*8]; d[0] = lo(u); d[1] = hi(u); }
    for (int j = 0; j < NI; ++j) for (int q = 0; q < 2; ++q) { unsigned u = e->b[j*2+q]; B[t+q*8][j*8+g] = lo(u); B[t+q*8+1][j*8+g] = hi(u); }
    for (int i = 0; i < MI; ++i) for (int j = 0; j < NI; ++j) for (int q = 0; q < 2; ++q) memcpy(&C[i*16+g+q*8][j*8+t], e->c + (i*NI+j)*4 + q*2, 8); }
  for (int r = 0; r < MI*16; ++r) { float acc[NI*8]; memcpy(acc, C[r], sizeof acc);
    for (int k = 0; k < 16; ++k) { const float s = A[r][k]; for (int n = 0; n < NI*8; ++n) acc[n] += s * B[k][n]; }
    memcpy(C[r], acc, sizeof acc); }
  for (int l = 0; l < 32; ++l) { const EmuMma* e = (const EmuMma*)x[l]; const int g = l >> 2, t = (l & 3) * 2;
    for (int i = 0; i < MI; ++i) for (int j = 0; j < NI; ++j) for (int q = 0; q < 2; ++q) memcpy(e->c + (i*NI+j)*4 + q*2, &C[i*16+g+q*8][j*8+t], 8); } }
template<int MI, int NI> static inline void mma_tile_bf16(float (&c)[MI][NI][4], const unsigned (&a)[MI][4], const unsigned (&b)[NI][2], EMU_SITE) {
  EmuMma m{&c[0][0][0], &a[0][0], &b[0][0]}; emu_collective(~0u, emu_mma_fn<MI,NI>, &m, file_, line_); }
struct EmuRed { float v; };
template<bool MAX> static void emu_red_fn(void* const* a, unsigned) { float v[32]; for (int l = 0; l < 32; ++l) v[l] = ((EmuRed*)a[l])->v;
  for (int o = 16; o; o >>= 1) for (int l = 0; l < o; ++l) v[l] = MAX ? fmaxf(v[l], v[l+o]) : v[l] + v[l+o];   // same tree as the xor shuffle
  for (int l = 0; l < 32; ++l) ((EmuRed*)a[l])->v = v[0]; }
static inline float warp_sum(float v, EMU_SITE) { EmuRed r{v}; emu_collective(~0u, emu_red_fn<false>, &r, file_, line_); return r.v; }
static inline float warp_max(float v, EMU_SITE) { EmuRed r{v}; emu_collective(~0u, emu_red_fn<true>, &r, file_, line_); return r.v; }
#endif
