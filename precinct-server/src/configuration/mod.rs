//! The configuration file of a server: services, bundles, decision logs, keys, labels.
