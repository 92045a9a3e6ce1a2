package authconfig

import (
	"errors"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"

	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/x509"
)

// InvalidError is all fields of a configuration that are not valid. Errors of
// [New], [Parse] and [File] wrap it; contents that cannot be decoded are another
// error.
type InvalidError struct {
	Errors field.ErrorList // with the path of the field, such as jwt[0].issuer.url
}

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets [errors.As] find each [*field.Error].
func (e *InvalidError) Unwrap() []error {
	errs := make([]error, len(e.Errors))
	for i, err := range e.Errors {
		errs[i] = err
	}
	return errs
}

// validate checks what kube-apiserver checks when it starts, by its own code, and
// what this library cannot do without.
func validate(c *apiserver.AuthenticationConfiguration, compiler *compiler, o *Options) field.ErrorList {
	errs := validation.ValidateAuthenticationConfiguration(compiler, c, o.DisallowedIssuers)
	if len(errs) > 0 {
		return errs
	}
	for i, entry := range c.JWT {
		errs = append(errs, validateIssuer(entry.Issuer, field.NewPath("jwt").Index(i).Child("issuer"), o)...)
	}
	return errs
}

func validateIssuer(i apiserver.Issuer, path *field.Path, o *Options) field.ErrorList {
	var errs field.ErrorList
	check := func(name, raw string) {
		if err := fetch.CheckURL(raw, false); err != nil {
			errs = append(errs, field.Invalid(path.Child(name), fetch.Redact(raw), err.Error()))
		}
	}
	check("url", i.URL)
	if i.DiscoveryURL != "" {
		check("discoveryURL", i.DiscoveryURL)
	}
	if u, err := url.Parse(i.URL); err == nil && u.ForceQuery {
		errs = append(errs, field.Invalid(path.Child("url"), i.URL, "URL must not contain a query"))
	}
	if i.CertificateAuthority != "" {
		if _, err := x509.ParseRoots([]byte(i.CertificateAuthority)); err != nil {
			errs = append(errs, field.Invalid(path.Child("certificateAuthority"), "<omitted>", strings.TrimPrefix(err.Error(), "x509: ")))
		}
	}
	if i.EgressSelectorType != "" {
		if _, err := dialer(i.EgressSelectorType, o); err != nil {
			errs = append(errs, field.Invalid(path.Child("egressSelectorType"), i.EgressSelectorType, err.Error()))
		}
	}
	return errs
}

// dialer returns how to reach an issuer; nil is how everybody is reached.
func dialer(kind apiserver.EgressSelectorType, o *Options) (Dialer, error) {
	if kind == "" {
		return nil, nil
	}
	if o.Egress == nil {
		return nil, errors.New("there is no Options.Egress to reach it by")
	}
	dial, err := o.Egress(kind)
	if err == nil && dial == nil {
		err = errors.New("Options.Egress knows no such way")
	}
	return dial, err
}
