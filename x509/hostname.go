package x509

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxHost  = 253 // RFC 1035, section 2.3.4, as text
	maxLabel = 63
	maxLocal = 64 // RFC 5321, section 4.5.3.1.1
)

// checkHost says why name is no name of a host in small letters (RFC 5280, section
// 4.2.1.6: the preferred name syntax of RFC 1034, as RFC 1123 changed it).
func checkHost(name string) error {
	if len(name) > maxHost {
		return fmt.Errorf("longer than %d bytes", maxHost)
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return errors.New("empty, or with an empty part")
		case len(label) > maxLabel:
			return fmt.Errorf("a part is longer than %d bytes", maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return errors.New("a part begins or ends with a hyphen")
		}
		if err := checkBytes(label, isLowerOrDigit, "-"); err != nil {
			return err
		}
	}
	return nil
}

// checkLocal says why text is nothing that may stand before the @ of an address: a
// Dot-string of RFC 5321, section 4.1.2.
func checkLocal(text string) error {
	if len(text) > maxLocal {
		return fmt.Errorf("before the @ it is longer than %d bytes", maxLocal)
	}
	for atom := range strings.SplitSeq(text, ".") {
		if atom == "" {
			return errors.New("before the @ it is empty, or has an empty part")
		}
		if err := checkBytes(atom, isLetterOrDigit, "!#$%&'*+-/=?^_`{|}~"); err != nil {
			return err
		}
	}
	return nil
}

// checkBytes says which of text's bytes is neither usual nor one of others.
func checkBytes(text string, usual func(byte) bool, others string) error {
	for i := range len(text) {
		if c := text[i]; !usual(c) && strings.IndexByte(others, c) < 0 {
			return fmt.Errorf("%q is not allowed", text[i:i+1])
		}
	}
	return nil
}

func isLowerOrDigit(c byte) bool  { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
func isLetterOrDigit(c byte) bool { return isLowerOrDigit(c) || 'A' <= c && c <= 'Z' }

// lower returns text with ASCII's capitals as small letters; those of other
// alphabets are no host's.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// mustDomains returns the domains given to a func, in small letters.
func mustDomains(what string, domains []string) []string {
	if len(domains) == 0 {
		panic(what + ": at least one domain is required; none would mean any")
	}
	names := make([]string, len(domains))
	for i, domain := range domains {
		names[i] = lower(domain)
		if err := checkHost(names[i]); err != nil {
			panic(fmt.Sprintf("%s: domain %q: %v", what, domain, err))
		}
	}
	return names
}
