package bearer

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
)

// copied is a user whose strings are copies. Those of the user that it is of may be
// parts of the token, which then stays in memory for as long as one of them.
type copied struct{ of user.Info }

func (c copied) GetName() string     { return strings.Clone(c.of.GetName()) }
func (c copied) GetUID() string      { return strings.Clone(c.of.GetUID()) }
func (c copied) GetGroups() []string { return copyOf(c.of.GetGroups()) }

func (c copied) GetExtra() map[string][]string {
	given := c.of.GetExtra()
	if given == nil {
		return nil
	}
	extra := make(map[string][]string, len(given))
	for key, values := range given {
		extra[strings.Clone(key)] = copyOf(values)
	}
	return extra
}

// Expiry is for [authn.ExpiryOf], and Confirmation for package confirm.
func (c copied) Expiry() time.Time {
	expiry, _ := authn.ExpiryOf(c.of)
	return expiry
}

// Issued and Certificate are for what may have been taken back ([authn.IssuedOf],
// [authn.CertificateOf]).
func (c copied) Issued() time.Time {
	issued, _ := authn.IssuedOf(c.of)
	return issued
}

func (c copied) Certificate() (serial, issuer string) {
	serial, issuer, _ = authn.CertificateOf(c.of)
	return strings.Clone(serial), strings.Clone(issuer)
}

func (c copied) Confirmation() confirm.Func { return confirm.Of(c.of) }

// sizeOf returns about how many bytes a response takes.
func sizeOf(resp *authenticator.Response) int {
	u := resp.User
	n := len(u.GetName()) + len(u.GetUID()) + sizeOfAll(resp.Audiences) + sizeOfAll(u.GetGroups())
	for key, values := range u.GetExtra() {
		n += perText + len(key) + sizeOfAll(values)
	}
	return n
}

// perText is what a string takes besides its bytes.
const perText = 16

func sizeOfAll(texts []string) int {
	n := perText * len(texts)
	for _, text := range texts {
		n += len(text)
	}
	return n
}

func copyOf(texts []string) []string {
	texts = slices.Clone(texts)
	for i, text := range texts {
		texts[i] = strings.Clone(text)
	}
	return texts
}
