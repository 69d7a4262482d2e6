"""Primitives of SciPy's special functions: their values and derivatives are measured in tests/ops/special."""

SPECIAL = set(
    "exp_square "
    "hyp0f1 hyp1f1 hyp2f1 ellipk ellipe spence jv yv yn iv kv kn j1 j0 y1 y0 i1 i0 k1 k0 ive kve k1e k0e i0e i1e "
    "xlogy xlog1py entr rel_entr kl_div huber pseudo_huber scaled_erfc erfc erfi erfinv erfcinv log_ndtr "
    "ndtri dawsn exponential_moment exprel exp10 cosm1 logit expi exp1 expn powm1 boxcox boxcox1p sindg cosdg "
    "polygamma psi psi_difference gamma rgamma gammaln loggamma gammasgn beta betaln poch binom hurwitz_zeta "
    "riemann_zeta gamma_density beta_density gammainc gammaincc gammaincinv gammainccinv betainc betaincc "
    "betaincinv betainccinv".split()
)
