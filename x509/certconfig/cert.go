package certconfig

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	apiservercel "k8s.io/apiserver/pkg/cel"

	"github.com/authnchain/authnchain/internal/altname"
	"github.com/authnchain/authnchain/internal/expressions"
)

// The names that types have in errors of the compiler.
const (
	certName = "authnchain.Certificate"
	nameName = "authnchain.Name"
	sansName = "authnchain.AlternativeNames"
)

var (
	certKind = expressions.ObjectType(certName)
	nameKind = expressions.ObjectType(nameName)
	sansKind = expressions.ObjectType(sansName)

	certFields = []string{"subject", "issuer", "sans", "serial", "fingerprint", "notBefore", "notAfter", "keyUsages", "extKeyUsages"}
	nameFields = []string{"commonName", "organizations", "organizationalUnits", "countries", "provinces", "localities", "serialNumber", "text"}
	sansFields = []string{"uris", "dnsNames", "emails", "ips"}
)

// certType is the type of the variable cert.
func certType() *apiservercel.DeclType {
	text, texts, timestamp := apiservercel.StringType, expressions.Texts(), apiservercel.TimestampType
	name := expressions.ObjectOf(nameName, map[string]*apiservercel.DeclType{
		"commonName": text, "organizations": texts, "organizationalUnits": texts, "countries": texts, "provinces": texts, "localities": texts, "serialNumber": text, "text": text,
	})
	sans := expressions.ObjectOf(sansName, map[string]*apiservercel.DeclType{
		"uris": texts, "dnsNames": texts, "emails": texts, "ips": texts,
	})
	return expressions.ObjectOf(certName, map[string]*apiservercel.DeclType{
		"subject": name, "issuer": name, "sans": sans, "serial": text, "fingerprint": text,
		"notBefore": timestamp, "notAfter": timestamp, "keyUsages": texts, "extKeyUsages": texts,
	})
}

// certValue is the variable cert.
func certValue(c *x509.Certificate, fingerprint string) traits.Mapper {
	return expressions.NewObject(certKind, certFields, func(field string) ref.Val {
		switch field {
		case "subject":
			return nameValue(c.Subject, c.RawSubject)
		case "issuer":
			return nameValue(c.Issuer, c.RawIssuer)
		case "sans":
			return sansValue(c)
		case "serial":
			return types.String(c.SerialNumber.Text(16))
		case "fingerprint":
			return types.String(fingerprint)
		case "notBefore":
			return types.Timestamp{Time: c.NotBefore}
		case "notAfter":
			return types.Timestamp{Time: c.NotAfter}
		case "keyUsages":
			return listOf(keyUsages(c.KeyUsage))
		default:
			return listOf(extKeyUsages(c))
		}
	})
}

func nameValue(n pkix.Name, der []byte) ref.Val {
	return expressions.NewObject(nameKind, nameFields, func(field string) ref.Val {
		switch field {
		case "commonName":
			return only(n, oidCommonName, "common name", n.CommonName)
		case "organizations":
			return listOf(n.Organization)
		case "organizationalUnits":
			return listOf(n.OrganizationalUnit)
		case "countries":
			return listOf(n.Country)
		case "provinces":
			return listOf(n.Province)
		case "localities":
			return listOf(n.Locality)
		case "serialNumber":
			return only(n, oidSerialNumber, "serial number", n.SerialNumber)
		default:
			return wholeName(der)
		}
	})
}

// wholeName returns a name as it is written: a pkix.Name has room for one common name,
// and an order of its own.
func wholeName(der []byte) ref.Val {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return types.NewErr("the name cannot be read")
	}
	return types.String(name.String())
}

var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
)

// only returns the value of an attribute, unless there are several: package pkix has
// the last, and others may read the first.
func only(n pkix.Name, oid asn1.ObjectIdentifier, what, value string) ref.Val {
	count := 0
	for _, attr := range n.Names {
		if attr.Type.Equal(oid) {
			count++
		}
	}
	if count > 1 {
		return types.NewErr("more than one %s", what)
	}
	return types.String(value)
}

func sansValue(c *x509.Certificate) ref.Val {
	return expressions.NewObject(sansKind, sansFields, func(field string) ref.Val {
		switch field {
		case "uris":
			return altnames(c, altname.URI)
		case "dnsNames":
			return altnames(c, altname.DNS)
		case "emails":
			return altnames(c, altname.Email)
		default:
			var texts []string
			for _, ip := range c.IPAddresses {
				addr, _ := netip.AddrFromSlice(ip) // of 4 or 16 bytes, or crypto/x509 would not have it
				texts = append(texts, addr.String())
			}
			return listOf(texts)
		}
	})
}

func altnames(c *x509.Certificate, kind altname.Kind) ref.Val {
	names, err := altname.Of(c, kind)
	if err != nil {
		return types.WrapErr(err)
	}
	return listOf(names)
}

// listOf is a list as JSON has it, of which a mapping takes the strings.
func listOf(texts []string) ref.Val {
	items := make([]any, len(texts))
	for i, text := range texts {
		items[i] = text
	}
	return expressions.ToCEL(items)
}
