package authconfig

import "github.com/authnchain/authnchain/jwt"

// checkStandard refuses claims of OpenID Connect Core 1.0 that are not of the type
// they are there, whether or not a mapping looks at them, as kube-apiserver does.
func checkStandard(c jwt.Claims) error {
	for _, name := range [...]string{"sub", "nonce", "at_hash"} {
		if _, err := c.String(name); err == nil {
			continue
		}
		if err := checkType[string](c, name); err != nil {
			return err
		}
	}
	if err := checkType[map[string]string](c, "_claim_names"); err != nil {
		return err
	}
	return checkType[map[string]source](c, "_claim_sources")
}

// checkType checks that a claim is a T, or null, if it is there.
func checkType[T any](c jwt.Claims, name string) error {
	if !c.Has(name) {
		return nil
	}
	var into T
	return c.Decode(name, &into)
}
