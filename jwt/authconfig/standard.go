package authconfig

import (
	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

// checkStandard refuses claims of OpenID Connect Core 1.0 that are not of the type
// they are there, whether or not a mapping looks at them, as kube-apiserver does.
func checkStandard(c jwt.Claims) error {
	for _, name := range [...]string{"sub", "nonce", "at_hash"} {
		if !c.Has(name) {
			continue
		}
		if _, err := c.String(name); err == nil {
			continue // as nearly always, for the price of a look
		}
		var text string
		if err := decodeIfThere(c, name, &text); err != nil {
			return err
		}
	}
	_, err := claimSources(c)
	return err
}

// claimSources returns where claims are that a token does not hold, by their
// names. Each must be somewhere.
func claimSources(c jwt.Claims) (map[string]source, error) {
	var names map[string]string
	if err := decodeIfThere(c, "_claim_names", &names); err != nil {
		return nil, err
	}
	var sources map[string]source
	if err := decodeIfThere(c, "_claim_sources", &sources); err != nil {
		return nil, err
	}
	found := make(map[string]source, len(names))
	for claim, name := range names {
		s, ok := sources[name]
		if !ok || name == "" {
			return nil, authn.Errorf(authn.ClaimMissing, `claim "_claim_names": %s: source %s is not in "_claim_sources"`, clip.Quote(claim), clip.Quote(name))
		}
		found[claim] = s
	}
	return found, nil
}

// decodeIfThere reads a claim that need not be there, and may be null.
func decodeIfThere(c jwt.Claims, name string, into any) error {
	if !c.Has(name) {
		return nil
	}
	return c.Decode(name, into)
}
